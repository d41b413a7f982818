// Writes the Prisma client and the Pothos types. Offline: `prisma generate` wants to download the schema engine, which it does not use,
// so it is told of a program that exists on every system.
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { delimiter } from 'node:path'
import { fileURLToPath } from 'node:url'

const prisma = createRequire(import.meta.url).resolve('prisma/build/index.js')
const { status, stdout, stderr } = spawnSync(process.execPath, [prisma, 'generate'], {
  env: {
    ...process.env,
    PATH: fileURLToPath(new URL('../node_modules/.bin', import.meta.url)) + delimiter + process.env.PATH,
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    CHECKPOINT_DISABLE: '1',
  },
  encoding: 'utf8',
})
if (status !== 0) {
  process.stderr.write(stdout + stderr)
  process.exit(1)
}
