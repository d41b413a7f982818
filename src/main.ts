import { type App, createApp } from './app.ts'
import { type Config, readConfig } from './config.ts'
import { ConfigError } from './lib/settings.ts'
import { FolderInUse } from './store/folder-lock.ts'
import { describeStorage, StorageUnusable } from './store/storage-url.ts'

try {
  const config = readConfig(process.env)
  const app = await createApp(config)
  console.log(`Parley listens on ${app.url}\n${choices(config, app).join('\n')}`)
  endOnSignal(app)
} catch (error) {
  console.error(inOneLine(error))
  process.exitCode = 1
}

/** What was chosen, and why. */
function choices(config: Config, app: App): string[] {
  const isEmbedded = config.databaseUrl.startsWith('pglite:')
  const database = isEmbedded
    ? `embedded, in ${config.databaseUrl.slice('pglite:'.length)} (DATABASE_URL=postgres://… takes Postgres)`
    : `Postgres at ${place(config.databaseUrl)} (DATABASE_URL)`
  const bus = config.redisUrl
    ? `Redis at ${place(config.redisUrl)} (REDIS_URL): for any number of nodes`
    : isEmbedded
      ? 'in this process: an embedded database has one'
      : 'in this process, for want of REDIS_URL: meant for one node; a second would hear of this one a second late'
  const lines = [
    `  GraphiQL  ${app.url}/graphql`,
    `  database  ${database}`,
    `  bus       ${bus}`,
    `  files     in ${describeStorage(config.storage)} (STORAGE_URL)`,
    `  calls     ${media(config, app)}`,
  ]
  return config.limitRates === 'on' ? lines : [...lines, '  limits    rates and bounds a person are off (LIMITS): for benches only']
}

function media({ sfuAbove }: Config, { services }: App): string {
  const { server } = services.calls.sfu
  if (!server) return 'peer to peer (LIVEKIT_URL takes a LiveKit server for large ones)'
  const which = sfuAbove === 0 ? 'all of them' : `those in rooms of more than ${sfuAbove} members`
  return `through ${server.name} (LIVEKIT_URL): ${which} (SFU_ABOVE)`
}

/** Without its password. */
function place(url: string): string {
  const { host, pathname } = new URL(url)
  return `${host}${pathname}`
}

/**
 * The first signal ends gently: nobody new, those connected are sent away, what runs ends. A second one ends at once; but one that comes in
 * the same moment is the first once more, handed on by whatever started us.
 */
function endOnSignal(app: App): void {
  let endingSince: number | undefined
  const end = async () => {
    if (endingSince !== undefined && performance.now() - endingSince > sameMomentMs) process.exit(1)
    if (endingSince !== undefined) return
    endingSince = performance.now()
    console.log('Parley ends. Once more ends it at once.')
    try {
      await app.drain()
      await app.close()
      process.exit(0)
    } catch (error) {
      console.error(error)
      process.exit(1)
    }
  }
  process.on('SIGTERM', end).on('SIGINT', end)
}

/** What the operator can put right takes one line; only a bug shows where it is. */
function inOneLine(error: unknown): string {
  if (error instanceof ConfigError || error instanceof FolderInUse || error instanceof StorageUnusable) return error.message
  const { code, message, port, address, hostname } = error as NodeJS.ErrnoException & { port?: number; address?: string; hostname?: string }
  if (code === 'EADDRINUSE')
    return `Port ${port} of ${address} is in use: stop what listens there, or set PORT to another (0 takes a free one).`
  if (code === 'EACCES') return `Not allowed: ${message}.`
  if (code === 'EADDRNOTAVAIL') return `HOST=${address}: this machine has no such address.`
  if (hostname && hostname === process.env.HOST) return `HOST=${hostname}: this name has no address (${code}).`
  if (code && /^(ECONN|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|28|3D)/.test(code))
    return `The database cannot be reached: ${message || code}. Set DATABASE_URL.`
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

const sameMomentMs = 500
