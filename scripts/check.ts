// npm run check: everything that can be held true without running the program. All steps run, also after one has failed.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { faults, readTree } from './floors.ts'
import { migrationsToSchema } from './schema-engine.ts'

/** What is wrong, in words for the console; undefined when nothing is. */
type Complaint = string | undefined

const root = fileURLToPath(new URL('..', import.meta.url))

const steps: Record<string, () => Promise<Complaint>> = {
  types: () => runNode('node_modules/typescript/bin/tsc'),
  'format and lint': () => runNode('node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.'),
  'floors and circles': async () => faults(readTree(fileURLToPath(new URL('../src', import.meta.url)))).join('\n') || undefined,
  'schema.graphql is the schema': () => runNode('--import', 'tsx', 'scripts/schema.ts', '--check'),
  'migrations lead to schema.prisma': async () => {
    const missing = await migrationsToSchema()
    return missing && `Missing, for \`npm run migration NAME\` to write:\n${missing}`
  },
}

const complaints = await Promise.all(Object.entries(steps).map(([name, step]) => report(name, step)))
const failed = complaints.filter((complaint) => complaint !== undefined).length
console.log(failed === 0 ? 'All is well.' : `${failed} of ${complaints.length} checks failed.`)
process.exitCode = failed === 0 ? 0 : 1

async function report(name: string, step: () => Promise<Complaint>): Promise<Complaint> {
  const start = performance.now()
  const complaint = await step().catch((error) => (error instanceof Error ? (error.stack ?? error.message) : String(error)))
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  console.log(`${complaint === undefined ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)${indented(complaint)}`)
  return complaint
}

function indented(complaint: Complaint): string {
  return complaint === undefined ? '' : `\n${complaint.trimEnd().replace(/^(?=.)/gm, '       ')}`
}

function runNode(...args: string[]): Promise<Complaint> {
  return new Promise((done) => {
    execFile(process.execPath, args, { cwd: root, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      done(error ? stdout + stderr || error.message : undefined)
    })
  })
}
