import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { faults, readTree } from '../../scripts/floors.ts'

describe('floors', () => {
  it('lets a file import from its own floor and those below', () => {
    const tree = {
      'main.ts': "import { createApp } from './app.ts'\nimport { readConfig } from './config.ts'",
      'app.ts': "import type { Config } from './config.ts'\nimport { serve } from './server/http.ts'",
      'server/http.ts': "import { Hub } from '../engine/hub.ts'\nimport './websocket.ts'\nimport { createServer } from 'node:http'",
      'features/rooms/commands.ts': "import { write } from '../messages/system.ts'",
      'engine/hub.ts': "import { uuid } from '../lib/uuid.ts'",
    }
    expect(faults(tree)).toEqual([])
  })

  it('finds an import from above, however it is written', () => {
    const above = 'engine/hub.ts imports graphql/builder.ts, from a floor above its own'
    for (const source of [
      "import { builder } from '../graphql/builder.ts'",
      "import type { Builder } from '../graphql/builder.ts'",
      "import {\n  builder,\n  type Builder,\n} from '../graphql/builder.ts'",
      'import * as all from "../graphql/builder.ts"',
      "export * from '../graphql/builder.ts'",
      "export type { Builder } from '../graphql/builder.ts'",
      "import '../graphql/builder.ts'",
      "const all = await import('../graphql/builder.ts')",
      "export const one = 1\nimport { builder } from '../graphql/builder.ts'",
    ]) {
      expect(faults({ 'engine/hub.ts': source }), source).toEqual([above])
    }
  })

  it('does not read comments', () => {
    const source = "// import { a } from '../app.ts'\n/**\n * import { b } from '../main.ts'\n */\n/* import '../app.ts' */"
    expect(faults({ 'lib/a.ts': source })).toEqual([])
  })

  it('keeps config.ts to main and app', () => {
    expect(faults({ 'server/http.ts': "import type { Config } from '../config.ts'" })).toEqual([
      'server/http.ts imports config.ts: let it be handed its part',
    ])
  })

  it('finds what lies outside the house', () => {
    expect(faults({ 'helpers/text.ts': '' })).toHaveLength(1)
    expect(faults({ 'lib/a.ts': "import { b } from '../../test/b.ts'" })).toEqual(['lib/a.ts imports ../test/b.ts, from outside src'])
    expect(faults({ 'lib/a.ts': "import { b } from './b.js'" })).toEqual(['lib/a.ts imports lib/b.js, which does not end in .ts'])
  })
})

describe('circles', () => {
  it('finds each once, wherever it is entered', () => {
    const tree = {
      'features/a/enter.ts': "import { c } from '../c/three.ts'",
      'features/a/one.ts': "import { b } from '../b/two.ts'",
      'features/b/two.ts': "import { c } from '../c/three.ts'",
      'features/c/three.ts': "import { a } from '../a/one.ts'",
    }
    expect(faults(tree)).toEqual(['A circle: features/a/one.ts -> features/b/two.ts -> features/c/three.ts -> features/a/one.ts'])
  })

  it('forgives those of types alone, but not of types that are imported along', () => {
    const circle = (statement: string) => ({ 'lib/a.ts': statement, 'lib/b.ts': "import { a } from './a.ts'" })
    expect(faults(circle("import type { B } from './b.ts'"))).toEqual([])
    // With verbatimModuleSyntax this one stays, as an import of nothing.
    expect(faults(circle("import { type B } from './b.ts'"))).toHaveLength(1)
  })

  it('is not confused by shared files', () => {
    const tree = {
      'lib/a.ts': "import './b.ts'\nimport './c.ts'",
      'lib/b.ts': "import './d.ts'",
      'lib/c.ts': "import './d.ts'",
      'lib/d.ts': '',
    }
    expect(faults(tree)).toEqual([])
  })
})

it('reads the sources that were written by hand', () => {
  const files = Object.keys(readTree(fileURLToPath(new URL('../../src', import.meta.url))))
  expect(files).toContain('lib/uuid.ts')
  expect(files.filter((file) => file.includes('generated'))).toEqual([])
})
