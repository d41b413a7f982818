import { type ExecutionResult, execute, parse, validate } from 'graphql'
import { readConfig } from '../../src/config.ts'
import { createMemoryBus } from '../../src/engine/bus-memory.ts'
import { createLog } from '../../src/engine/log.ts'
import { makeRefreshSecret } from '../../src/features/accounts/refresh-tokens.ts'
import { createAccounts } from '../../src/features/accounts/services.ts'
import { createCalendars } from '../../src/features/calendars/links.ts'
import { createCalls, type OwnedCalls } from '../../src/features/calls/keeper.ts'
import { createUnreadWatch } from '../../src/features/inbox/unread-watch.ts'
import { createMeetings, type OwnedMeetings } from '../../src/features/meetings/keeper.ts'
import { createSends } from '../../src/features/messages/sends.ts'
import { createPresence } from '../../src/features/presence/presence.ts'
import { createMarks, type OwnedMarks } from '../../src/features/receipts/marks.ts'
import { schema } from '../../src/features/schema.ts'
import { createTyping } from '../../src/features/typing/typing.ts'
import { createUploads } from '../../src/features/uploads/services.ts'
import { type Actor, Nobody, Person } from '../../src/graphql/actor.ts'
import { createContext, type Services } from '../../src/graphql/context.ts'
import type { HeardEvent } from '../../src/graphql/facts.ts'
import { makeSigningKey } from '../../src/lib/signing-key.ts'
import { uuid } from '../../src/lib/uuid.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { createServerLinks, makeLinkSecret } from '../../src/store/file-links.ts'
import { openDiskFiles } from '../../src/store/files-disk.ts'
import { prepareDatabase } from '../../src/store/migrate.ts'
import { noRates } from '../../src/store/rates.ts'
import { createTransact } from '../../src/store/transact.ts'
import { createMemoryTypists } from '../../src/store/typists.ts'
import { createMemoryWhereabouts } from '../../src/store/whereabouts.ts'
import { storageUrl } from './files.ts'

/** Parley without a server: the schema executed on a real embedded database. For what needs no socket. */
export interface Domain {
  readonly database: Database
  readonly services: Services & { readonly marks: OwnedMarks; readonly calls: OwnedCalls; readonly meetings: OwnedMeetings }
  /** Everything that was rung since the domain began. */
  readonly rung: HeardEvent[]
  aPerson(name?: string): Promise<APerson>
  /** `instead`: other services than the domain's own, such as a second node's. */
  as(actor: Actor, instead?: Partial<Services>): Runner
}

export type Runner = <Data = Record<string, unknown>>(
  document: string,
  variables?: Record<string, unknown>,
) => Promise<ExecutionResult<Data>>

export interface APerson {
  readonly id: string
  readonly globalId: string
  readonly handle: string
  readonly actor: Person
  readonly run: Runner
}

let shared: Promise<Domain> | undefined

/** One a worker: tests make people and rooms of their own in it. */
export function aDomain(): Promise<Domain> {
  shared ??= createDomain()
  return shared
}

/** One of one's own, such as one of several nodes on a Postgres; its database is to be closed. */
export async function createDomain(databaseUrl = 'pglite:memory'): Promise<Domain> {
  const config = readConfig({ PASSWORD_COST: '10', DATABASE_URL: databaseUrl })
  const database = await openDatabase({
    url: config.databaseUrl,
    poolSize: config.databasePoolSize,
    transactionWaitMs: config.transactionWaitMs,
    transactionMaxMs: config.transactionMostMs,
  })
  const { epoch, ...keys } = await prepareDatabase(database, 'prisma/migrations', {
    epoch: uuid,
    signingKey: makeSigningKey,
    refreshSecret: makeRefreshSecret,
    linkSecret: makeLinkSecret,
  })
  const rung: HeardEvent[] = []
  const ring = (events: readonly HeardEvent[]) => void rung.push(...events)
  const transact = createTransact(database, ring)
  const bus = createMemoryBus((error) => {
    throw error
  })
  const sends = createSends(database, ring, { waitingMost: config.sendsWaiting })
  const accounts = await createAccounts(database, { ...config, ...keys, issuer: 'parley' })
  const base = () => 'https://chat.example.org'
  const links = createServerLinks({ secret: keys.linkSecret, base })
  const files = await openDiskFiles(storageUrl().slice('file:'.length), links)
  const services = {
    ...accounts,
    database,
    transact,
    // Time is the tests': they tick.
    calls: createCalls(database, transact, { ...config, callTickMs: 2 ** 31 - 1, onTrouble: () => {} }),
    calendars: createCalendars({ ...config, ...keys, base }),
    meetings: createMeetings(database, transact, { ...config, base, meetingTickMs: 2 ** 31 - 1, onTrouble: () => {} }),
    // It tells what it moved itself, and looks for nothing that others left.
    marks: createMarks(database, transact, { ...config, marksTickMs: 2 ** 31 - 1, onTrouble: () => {} }),
    log: createLog(database),
    sends,
    epoch,
    limits: config.limits,
    rates: noRates,
    uploads: createUploads(database, files, { ...config, base, onTrouble: () => {} }),
    presence: createPresence({ ...config, database, bus, whereabouts: createMemoryWhereabouts(), onTrouble: () => {} }),
    // No hub: nothing is heard that would end it, or move a room.
    typing: createTyping({ ...config, bus, typists: createMemoryTypists(), hear: async () => () => {} }),
    unread: createUnreadWatch(database, {
      ...config,
      hub: { watch: () => () => {} },
      hear: async () => () => {},
      onTrouble: () => {},
    }),
  }
  const as =
    (actor: Actor, instead: Partial<Services> = {}): Runner =>
    async <Data>(text: string, variables: Record<string, unknown> = {}) => {
      const document = parse(text)
      const errors = validate(schema, document)
      if (errors.length > 0) throw new Error(errors.map((error) => error.message).join('\n'))
      const contextValue = createContext({ ...services, ...instead }, actor)
      return (await execute({ schema, document, variableValues: variables, contextValue })) as ExecutionResult<Data>
    }
  return {
    database,
    services,
    rung,
    as,
    async aPerson(name = 'Somebody') {
      const id = uuid()
      const handle = `p_${id.replaceAll('-', '').slice(-20)}`
      await transact([], async (tx) => {
        await tx.openStream(id)
        await tx.rows.user.create({ data: { id, handle, name, createdAt: tx.at, account: { create: { passwordHash: '' } } } })
      })
      const actor = new Person(id, uuid())
      return { id, handle, actor, globalId: Buffer.from(`User:${id}`).toString('base64url'), run: as(actor) }
    },
  }
}

export const nobody = new Nobody()
