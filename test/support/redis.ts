import { once } from 'node:events'
import { connect } from 'node:net'
import { Redis as Client } from 'ioredis'
import { createFolder, findProgram, freePort, type Program, removeFolder, startProgram } from './program.ts'

/** A Redis of our own, which keeps nothing on disk. It ends with this process, however that ends. */
export interface Redis {
  readonly url: string
  /** SIGKILL: every connection is cut, and all it held is gone. */
  kill(): Promise<void>
  /** Starts it again, after `kill`, on the same port; empty. */
  start(): Promise<void>
  /** Stops serving without cutting a connection, as behind a network that swallows everything. */
  pause(): void
  resume(): void
  stop(): Promise<void>
}

/** The Redis server's program, where it is installed. */
export function findRedis(): string | undefined {
  return findProgram('redis-server')
}

export async function startRedis(): Promise<Redis> {
  const command = findRedis()
  if (!command) throw new Error('Redis is not installed: no redis-server in PATH.')
  const folder = createFolder('redis')
  const port = await freePort()
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no']
  const run = () => startProgram({ command, args, folder, ready: () => answers(port) })
  let program: Program | undefined = await run()

  return {
    url: `redis://127.0.0.1:${port}`,
    kill: async () => {
      await program?.end('SIGKILL')
      program = undefined
    },
    start: async () => {
      program ??= await run()
    },
    pause: () => program?.signal('SIGSTOP'),
    resume: () => program?.signal('SIGCONT'),
    stop: async () => {
      await program?.end('SIGKILL')
      program = undefined
      await removeFolder(folder)
    },
  }
}

let shared: Promise<Redis> | undefined

/** One server for all test files of this process; for whoever neither kills, pauses nor stops it, and names its own keys. */
export function sharedRedis(): Promise<Redis> {
  shared ??= startRedis()
  return shared
}

/** A client that is ready, and comes back soon after an outage. It is the caller's to disconnect. */
export async function connectTo({ url }: Redis): Promise<Client> {
  const client = new Client(url, { retryStrategy: () => 20 })
  client.on('error', () => undefined)
  await once(client, 'ready')
  return client
}

async function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
    socket.once('data', (data) => finish(data.toString().startsWith('+PONG')))
    socket.once('error', () => finish(false))
    socket.once('close', () => finish(false))
    const finish = (answer: boolean) => {
      resolve(answer)
      socket.destroy()
    }
  })
}
