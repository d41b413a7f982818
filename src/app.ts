import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import type { Config } from './config.ts'
import { type Attendance, createAttendance } from './engine/attendance.ts'
import type { Bus } from './engine/bus.ts'
import { createMemoryBus } from './engine/bus-memory.ts'
import { createRedisBus } from './engine/bus-redis.ts'
import { createHear } from './engine/hearing.ts'
import { createHub, type Hub } from './engine/hub.ts'
import { createLog } from './engine/log.ts'
import { sweepHourly } from './engine/sweep.ts'
import { makeRefreshSecret } from './features/accounts/refresh-tokens.ts'
import { createAccounts } from './features/accounts/services.ts'
import { createCalendars } from './features/calendars/links.ts'
import { createCalls } from './features/calls/keeper.ts'
import { createLivekit } from './features/calls/livekit.ts'
import { noSfu, type SfuTerms } from './features/calls/sfu.ts'
import { keepSfu } from './features/calls/sfu-keeper.ts'
import { createUnreadWatch } from './features/inbox/unread-watch.ts'
import { createMeetings } from './features/meetings/keeper.ts'
import { createSends } from './features/messages/sends.ts'
import { createPresence } from './features/presence/presence.ts'
import { createMarks } from './features/receipts/marks.ts'
import { movesOf } from './features/receipts/moves.ts'
import { schema } from './features/schema.ts'
import { fillInWords } from './features/search/filling.ts'
import { createTyping } from './features/typing/typing.ts'
import { createUploads } from './features/uploads/services.ts'
import { unusedOf } from './features/uploads/sweeping.ts'
import { createBudget, noBudget } from './graphql/budget.ts'
import type { Services } from './graphql/context.ts'
import { createMask } from './graphql/errors.ts'
import { createHydrate, outdates } from './graphql/facts.ts'
import { createLive, type Live } from './graphql/live.ts'
import { createOperations } from './graphql/operations.ts'
import { createLogger, type Logger } from './lib/logger.ts'
import { makeSigningKey } from './lib/signing-key.ts'
import { uuid } from './lib/uuid.ts'
import { createCrowd } from './server/crowd.ts'
import { openServer, type Server } from './server/http.ts'
import { type Database, openDatabase } from './store/database.ts'
import { createServerLinks, makeLinkSecret } from './store/file-links.ts'
import type { FileLinks, Files } from './store/files.ts'
import { openDiskFiles } from './store/files-disk.ts'
import { prepareDatabase } from './store/migrate.ts'
import { createMemoryRates, noRates, type Rates, readRates } from './store/rates.ts'
import { createRedisRates } from './store/rates-redis.ts'
import { createTransact } from './store/transact.ts'
import { createMemoryTypists, type Typists } from './store/typists.ts'
import { createRedisTypists } from './store/typists-redis.ts'
import { createMemoryWhereabouts, type Whereabouts } from './store/whereabouts.ts'
import { createRedisWhereabouts } from './store/whereabouts-redis.ts'

/** Parley, running. */
export interface App {
  readonly url: string
  readonly services: Services
  readonly hub: Hub
  readonly live: Live
  readonly attendance: Attendance
  readonly server: Server
  /** Sends everybody away, gently, and lets what runs end: to be called before `close` when others shall not notice. */
  drain(): Promise<void>
  /** Closes what it opened, the last first. */
  close(): Promise<void>
}

/** What is given is used instead of what the configuration says, and stays its owner's to close. */
export interface Overrides {
  readonly database?: Database
  readonly bus?: Bus
  readonly logger?: Logger
}

/** Opens everything, and chooses what it is made of. When a part cannot be opened, those before it are closed again. */
export async function createApp(config: Config, overrides: Overrides = {}): Promise<App> {
  const closers: (() => Promise<void> | void)[] = []
  const close = async () => {
    for (let closer = closers.pop(); closer; closer = closers.pop()) await closer()
  }
  try {
    return await open(config, overrides, closers, close)
  } catch (error) {
    await close()
    throw error
  }
}

async function open(
  config: Config,
  overrides: Overrides,
  closers: (() => Promise<void> | void)[],
  close: () => Promise<void>,
): Promise<App> {
  const logger = overrides.logger ?? createLogger(config.logLevel)
  const onTrouble = (error: unknown) => logger.warn('Something behind the scenes failed, and is tried again.', { error })
  const owned = <Part extends { close(): Promise<void> | void }>(part: Part): Part => {
    closers.push(() => part.close())
    return part
  }

  const database = overrides.database ?? owned(await openDatabase(databaseOptions(config)))
  const { epoch, ...keys } = await prepareDatabase(database, migrations, {
    epoch: uuid,
    signingKey: makeSigningKey,
    refreshSecret: makeRefreshSecret,
    linkSecret: makeLinkSecret,
  })
  const base = () => (config.publicUrl ?? server.url).replace(/\/+$/, '')
  const links = createServerLinks({ secret: keys.linkSecret, base })
  const files = owned(await chooseFiles(config, links))
  const uploads = owned(createUploads(database, files, { ...config, base, onTrouble }))
  const bus = overrides.bus ?? owned(config.redisUrl ? createRedisBus(config.redisUrl, onTrouble) : createMemoryBus(onTrouble))
  const log = createLog(database)
  const hub = owned(
    createHub({ ...config, log, bus, hydrate: createHydrate(database), outdates, checksHeads: database.kind === 'postgres', onTrouble }),
  )
  const accounts = await createAccounts(database, {
    ...config,
    ...keys,
    signingKey: config.signingKey ?? keys.signingKey,
    issuer: config.publicUrl ?? 'parley',
  })
  const { rates, typists, whereabouts } = chooseWhatPasses(config, logger, closers)
  const transact = createTransact(database, hub.ring)
  const hear = createHear(hub)
  const sfu = chooseSfu(config)
  const services: Services = {
    ...accounts,
    database,
    transact,
    calls: owned(createCalls(database, transact, { ...config, sfu, onTrouble })),
    calendars: createCalendars({ ...config, ...keys, base }),
    meetings: owned(createMeetings(database, transact, { ...config, base, onTrouble })),
    marks: owned(createMarks(database, transact, { ...config, onTrouble })),
    log,
    sends: createSends(database, hub.ring, { waitingMost: config.sendsWaiting }),
    epoch,
    limits: config.limits,
    rates,
    unread: owned(createUnreadWatch(database, { ...config, hub, hear, onTrouble })),
    presence: owned(createPresence({ ...config, database, bus, whereabouts, onTrouble })),
    typing: owned(createTyping({ ...config, bus, typists, hear })),
    uploads,
  }
  for (const kept of [log, movesOf(database), unusedOf({ database, transact, uploads })])
    owned(sweepHourly(kept, { ...config, days: config.logDays, onTrouble }))
  owned(fillInWords(database, { onTrouble }))
  if (sfu.server) owned(keepSfu(database, sfu.server, { ...config, onTrouble }))

  const mask = createMask((id, error) => logger.error('Something went wrong.', { id, error }))
  const live = createLive({ schema, services, hub, mask })
  const attendance = createAttendance(hear)
  const server: Server = owned(
    await openServer({
      schema,
      services,
      operations: createOperations(schema, config.limits, mask, config.limitRates === 'on' ? createBudget(config) : noBudget),
      live,
      attendance,
      links,
      crowd: createCrowd(config.limitRates === 'on' ? config.socketsPerPerson : Number.POSITIVE_INFINITY),
      bus,
      mask,
      logger,
      settings: config,
    }),
  )
  return { url: server.url, services, hub, live, attendance, server, drain: () => server.drain(config.drainMs), close }
}

function databaseOptions(config: Config) {
  return {
    url: config.databaseUrl,
    poolSize: config.databasePoolSize,
    transactionWaitMs: config.transactionWaitMs,
    transactionMaxMs: config.transactionMostMs,
  }
}

/** On disk, with links to this server; or in a bucket, with its own. */
async function chooseFiles({ storage, ...config }: Config, links: FileLinks): Promise<Files> {
  if (storage.kind === 'disk') return openDiskFiles(storage.folder, links)
  // Its library is large, and most nodes need none of it.
  const { openS3Files } = await import('./store/files-s3.ts')
  return openS3Files({ ...config, storage })
}

function chooseSfu({ livekitUrl: url, livekitApiKey: apiKey, livekitApiSecret: apiSecret, ...config }: Config): SfuTerms {
  if (url === undefined || apiKey === undefined || apiSecret === undefined) return noSfu
  const server = createLivekit({ url, apiKey, apiSecret, grantMs: config.sfuGrantMs, answerMs: config.sfuAnswerMs })
  return { server, above: config.sfuAbove }
}

/** What is known for a while only: with Redis on all nodes, without it on this one. */
function chooseWhatPasses(
  config: Config,
  logger: Logger,
  closers: (() => void)[],
): { rates: Rates; typists: Typists; whereabouts: Whereabouts } {
  const isLimited = config.limitRates === 'on'
  const table = readRates(config)
  if (!config.redisUrl)
    return {
      rates: isLimited ? createMemoryRates(table) : noRates,
      typists: createMemoryTypists(),
      whereabouts: createMemoryWhereabouts(),
    }
  const redis = connectTo(config.redisUrl, closers)
  const say = (line: string) => logger.warn(line)
  return {
    rates: isLimited ? createRedisRates(redis, table, { say }) : noRates,
    typists: createRedisTypists(redis, { say }),
    whereabouts: createRedisWhereabouts(redis, { nodeId: uuid(), leaseMs: config.presenceLeaseMs, say }),
  }
}

/** For what is asked of Redis and not heard from it. Nothing waits in it while there is no connection. */
function connectTo(redisUrl: string, closers: (() => void)[]): Redis {
  const redis = new Redis(redisUrl, { enableOfflineQueue: false, maxRetriesPerRequest: 0 })
  // Without a listener every attempt to connect would be written to the console; whoever asks says when they get no answer.
  redis.on('error', () => {})
  closers.push(() => redis.disconnect())
  return redis
}

const migrations = fileURLToPath(new URL('../prisma/migrations', import.meta.url))
