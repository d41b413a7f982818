// npm run schema: writes schema.graphql from the code, sorted, so that what changes for clients shows in every diff.
// With --check it writes nothing, and fails when the file is not what the code says.
import { readFile, writeFile } from 'node:fs/promises'
import { lexicographicSortSchema, printSchema } from 'graphql'
import { schema } from '../src/features/schema.ts'

const file = new URL('../schema.graphql', import.meta.url)
const printed = `${printSchema(lexicographicSortSchema(schema))}\n`

if (!process.argv.includes('--check')) {
  await writeFile(file, printed)
} else if ((await readFile(file, 'utf8').catch(() => '')) !== printed) {
  console.error('schema.graphql is not what src/features says. Write it with: npm run schema')
  process.exitCode = 1
}
