import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Client } from 'pg'
import { createFolder, findProgram, findUser, freePort, type Program, removeFolder, startProgram } from './program.ts'

/** A Postgres of our own: nobody else's data, port or processes. It ends with this process, however that ends. */
export interface Postgres {
  /** The server's maintenance database; tests take one of their own with `createDatabase`. */
  readonly url: string
  /** The url of a new, empty database. */
  createDatabase(): Promise<string>
  /** SIGKILL to all of its processes at once, as when a machine dies: every connection is cut, what was acknowledged stays. */
  kill(): Promise<void>
  /** Starts it again, after `kill`, on the same port and data. */
  start(): Promise<void>
  /** Ends it and removes its data. */
  stop(): Promise<void>
}

export interface PostgresOptions {
  /** Whether commits reach the disk before they are acknowledged: on for benches, off for tests. */
  fsync?: boolean
  /** More settings of the server, by name. */
  settings?: Record<string, string | number>
}

/** The folder of Postgres's programs, where it is installed. */
export function findPostgres(): string | undefined {
  const initdb = findProgram('initdb', debianFolders())
  return initdb && dirname(initdb)
}

export async function startPostgres(options: PostgresOptions = {}): Promise<Postgres> {
  const binaries = findPostgres()
  if (!binaries) throw new Error('Postgres is not installed: no initdb in PATH or /usr/lib/postgresql.')
  // Postgres refuses to run as root.
  const user = findUser(['postgres', 'nobody'])
  const folder = createFolder('postgres', user)
  const data = join(folder, 'data')
  const port = await freePort()
  const url = (database: string) => `postgres://parley@127.0.0.1:${port}/${database}`

  const locale = process.platform === 'linux' ? 'C.UTF-8' : 'en_US.UTF-8'
  const initdb = ['-D', data, '-U', 'parley', '-A', 'trust', '-E', 'UTF8', `--locale=${locale}`, '--no-sync']
  const { status, stderr } = spawnSync(join(binaries, 'initdb'), initdb, { cwd: folder, encoding: 'utf8', ...user })
  if (status !== 0) throw new Error(`initdb fails: ${stderr}`)

  const args = ['-D', data, '-p', String(port), ...settings(options)]
  const run = () => startProgram({ command: join(binaries, 'postgres'), args, folder, user, ready: () => answers(url('postgres')) })
  let program: Program | undefined = await run()

  return {
    url: url('postgres'),
    createDatabase: async () => {
      const name = `test_${randomBytes(6).toString('hex')}`
      await withClient(url('postgres'), (client) => client.query(`CREATE DATABASE ${name}`))
      return url(name)
    },
    kill: async () => {
      await program?.end('SIGKILL')
      program = undefined
    },
    start: async () => {
      program ??= await run()
    },
    stop: async () => {
      // A fast shutdown: whoever is still connected is cut off.
      await program?.end('SIGINT')
      program = undefined
      await removeFolder(folder)
    },
  }
}

let shared: Promise<Postgres> | undefined

/** One server for all test files of this process, each with databases of its own; for whoever neither kills nor stops it. */
export function sharedPostgres(): Promise<Postgres> {
  shared ??= startPostgres()
  return shared
}

function settings({ fsync = false, settings = {} }: PostgresOptions): string[] {
  const all = {
    listen_addresses: '127.0.0.1',
    // Reached over TCP alone, so there is no socket folder to share or to clean.
    unix_socket_directories: '',
    max_connections: 200,
    fsync: fsync ? 'on' : 'off',
    // Not `synchronous_commit`: what was acknowledged must outlive SIGKILL also without fsync.
    full_page_writes: fsync ? 'on' : 'off',
    ...settings,
  }
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

async function answers(url: string): Promise<boolean> {
  return withClient(url, (client) => client.query('SELECT 1')).then(
    () => true,
    () => false,
  )
}

async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url })
  // A connection lost later than its answer is no failure of the work.
  client.on('error', () => undefined)
  try {
    await client.connect()
    return await work(client)
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** Debian keeps most of the programs out of PATH, a folder a version: the newest first. */
function debianFolders(): string[] {
  const root = '/usr/lib/postgresql'
  try {
    const versions = readdirSync(root).sort((left, right) => Number(right) - Number(left))
    return versions.map((version) => join(root, version, 'bin'))
  } catch {
    return []
  }
}
