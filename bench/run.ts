// npm run bench: lists the benches. npm run bench NAME: runs one, which prints its table and ends by itself.
import { readdirSync } from 'node:fs'

/** What each file in this folder holds. */
export interface Bench {
  /** One line for the list. */
  readonly about: string
  /** Measures, prints, ends what it started. */
  run(options: BenchOptions): Promise<void>
}

export interface BenchOptions {
  /** Says where our processes spend their time, instead of comparing: profiling has a price of its own. */
  readonly profiles: boolean
}

const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && file !== 'run.ts')
  .map((file) => file.slice(0, -'.ts'.length))
const [name, ...flags] = process.argv.slice(2)

if (name !== undefined && names.includes(name)) {
  const { run } = await load(name)
  await run({ profiles: flags.includes('--profile') })
  // Whatever a bench has left open: its children end with this process.
  process.exit(0)
}
if (name !== undefined) {
  console.error(`There is no bench named ${name}.`)
  process.exitCode = 1
}
for (const each of names) console.log(`npm run bench ${each.padEnd(10)} ${(await load(each)).about}`)
console.log('With -- --profile after it, a bench says where the time goes.')

async function load(name: string): Promise<Bench> {
  return await import(`./${name}.ts`)
}
