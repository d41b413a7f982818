// npm run codegen: types every operation of the tests and benches, and those of the documents' examples, against schema.graphql, as any
// client would. Fails on a document that the schema does not allow, and on two operations of one name.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { codegen } from '@graphql-codegen/core'
import * as fragmentMatcher from '@graphql-codegen/fragment-matcher'
import * as typedDocumentNode from '@graphql-codegen/typed-document-node'
import * as operations from '@graphql-codegen/typescript-operations'
import { buildSchema, introspectionFromSchema, parse, printSchema, Source } from 'graphql'
import client from './docs/examples/codegen.ts'

type Options = Parameters<typeof codegen>[0]

const root = new URL('./', import.meta.url)

const config = {
  useTypeImports: true,
  enumType: 'string-literal',
  // Whoever leaves an input out may also say so.
  inputMaybeValue: 'T | null | undefined',
  strictScalars: true,
  scalars: { ID: 'string', DateTime: 'string', Cursor: 'string', URL: 'string', JSON: 'unknown' },
}

const known: Options['pluginMap'] = {
  'fragment-matcher': fragmentMatcher,
  'typed-document-node': typedDocumentNode,
  'typescript-operations': operations,
}

const builtSchema = buildSchema(readFileSync(new URL('schema.graphql', root), 'utf8'))
const schema = parse(printSchema(builtSchema))
const introspection = introspectionFromSchema(builtSchema, { descriptions: false })

try {
  const ours = ['test', 'bench'].filter((folder) => existsSync(new URL(folder, root))).flatMap(findDocuments)
  await generate('test/support/generated/documents.ts', ['typescript-operations', 'typed-document-node'], config, ours)
  const examples = findDocuments('docs/examples')
  // Just as an app does that copies them.
  for (const [file, { plugins, config }] of Object.entries(client.generates))
    await generate(file.replace('src/', 'docs/examples/'), plugins, config, examples)
  write('docs/examples/generated/introspection.ts', `export const introspection = ${JSON.stringify(introspection)}\n`)
} catch (error) {
  // A GraphQLError's text says where, which its stack does not.
  console.error(String(error))
  process.exitCode = 1
}

function findDocuments(folder: string): Options['documents'] {
  const files = readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' }).map(
    (file) => `${folder}/${file.replaceAll('\\', '/')}`,
  )
  // The contract is a schema, not a document.
  const wanted = files.filter((file) => file.endsWith('.graphql') && !file.startsWith('test/contract/')).sort()
  return wanted.map((location) => {
    return { location, document: parse(new Source(readFileSync(new URL(location, root), 'utf8'), location)) }
  })
}

async function generate(
  filename: string,
  names: readonly string[],
  config: Options['config'],
  documents: Options['documents'],
): Promise<void> {
  const pluginMap = Object.fromEntries(names.map((name) => [name, known[name]!]))
  const plugins = names.map((name) => ({ [name]: {} }))
  write(filename, await codegen({ filename, schema, documents, config, pluginMap, plugins }))
}

function write(filename: string, text: string): void {
  const file = new URL(filename, root)
  mkdirSync(new URL('./', file), { recursive: true })
  writeFileSync(file, `// Written by codegen.ts.\n${text}`)
}
