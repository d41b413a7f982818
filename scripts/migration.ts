// npm run migration NAME: writes what is missing between the migrations and prisma/schema.prisma as one more migration. Offline.
import { mkdir, writeFile } from 'node:fs/promises'
import { migrationNames, migrationsFolder, migrationsToSchema } from './schema-engine.ts'

const timestampLength = 14
const name = process.argv.slice(2).join('_').toLowerCase()

if (!/^[a-z0-9_]+$/.test(name))
  fail('Usage: npm run migration NAME, in letters, digits and _: what the migration does, such as "add_reactions".')

const sql = await migrationsToSchema()
if (sql === undefined) {
  console.log('The migrations lead to prisma/schema.prisma already: nothing to write.')
} else {
  const folder = await nextFolder(name)
  await mkdir(new URL(`${folder}/`, migrationsFolder))
  await writeFile(new URL(`${folder}/migration.sql`, migrationsFolder), sql)
  console.log(`Wrote prisma/migrations/${folder}/migration.sql. Read it before committing it: a renamed column looks like a dropped one.`)
}

/** A name that sorts behind every other, also where the last one's clock was ahead of ours. */
async function nextFolder(name: string): Promise<string> {
  const last = (await migrationNames()).at(-1)?.slice(0, timestampLength) ?? ''
  const now = new Date().toISOString().replace(/\D/g, '').slice(0, timestampLength)
  const timestamp = now > last ? now : String(BigInt(last) + 1n)
  return `${timestamp}_${name}`
}

function fail(message: string): never {
  console.error(message)
  process.exit(1)
}
