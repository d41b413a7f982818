// npm run codegen: types every operation of the tests and benches (*.graphql in test/ and bench/) against schema.graphql, as any client
// would. Fails on a document that the schema does not allow, and on two operations of one name.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { codegen } from '@graphql-codegen/core'
import * as fragmentMatcher from '@graphql-codegen/fragment-matcher'
import * as typedDocumentNode from '@graphql-codegen/typed-document-node'
import * as operations from '@graphql-codegen/typescript-operations'
import { buildSchema, parse, printSchema, Source } from 'graphql'

type Options = Parameters<typeof codegen>[0]

const root = new URL('./', import.meta.url)
const output = new URL('test/support/generated/', root)

const config = {
  useTypeImports: true,
  enumType: 'string-literal',
  // Whoever leaves an input out may also say so.
  inputMaybeValue: 'T | null | undefined',
  strictScalars: true,
  scalars: { ID: 'string', DateTime: 'string', Cursor: 'string', URL: 'string', JSON: 'unknown' },
  apolloClientVersion: 3,
}

const schema = parse(printSchema(buildSchema(readFileSync(new URL('schema.graphql', root), 'utf8'))))
const documents = ['test', 'bench'].filter((folder) => existsSync(new URL(folder, root))).flatMap(findDocuments)

try {
  mkdirSync(output, { recursive: true })
  write('documents.ts', await generate('documents.ts', { operations, typedDocumentNode }))
  const matcher = await generate('possible-types.ts', { fragmentMatcher })
  write('possible-types.ts', matcher.replace('export default result;', 'export const possibleTypes = result.possibleTypes;'))
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

function generate(filename: string, plugins: Options['pluginMap']): Promise<string> {
  return codegen({ filename, schema, documents, config, pluginMap: plugins, plugins: Object.keys(plugins).map((name) => ({ [name]: {} })) })
}

function write(file: string, text: string): void {
  writeFileSync(new URL(file, output), `// Written by codegen.ts.\n${text}`)
}
