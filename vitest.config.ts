import { defineConfig } from 'vitest/config'

export default defineConfig({
  // Vite would take its ES modules, while Pothos, which it leaves to Node, takes the others: a schema of one is none to the other.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    include: ['test/**/*.test.ts'],
    // An embedded database takes seconds to open and 450 MB: the files of a worker share one, and there are two workers.
    pool: 'forks',
    isolate: false,
    maxWorkers: 2,
    testTimeout: 20_000,
    // A worker's first file opens the databases and servers that the others share.
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
    // What is waited for may be slow in coming on a busy machine: a second is soon over.
    expect: { poll: { timeout: 10_000 } },
    // A promise that nobody owns is a bug, also in a test that passes.
    dangerouslyIgnoreUnhandledErrors: false,
  },
})
