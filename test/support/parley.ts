import { type App, createApp, type Overrides } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { createLogger } from '../../src/lib/logger.ts'
import { uuid } from '../../src/lib/uuid.ts'
import { type Answer, ask, post } from './client.ts'
import { aDomain } from './domain.ts'
import { storageUrl } from './files.ts'
import { CreateRoomDocument, SayDocument, SignUpDocument } from './generated/documents.ts'

/** A whole Parley on a free port. */
export interface Parley {
  readonly app: App
  readonly url: string
  readonly socketUrl: string
  /** Lines that it logged. */
  readonly logged: string[]
  /** Signs somebody up, as anybody would. */
  aUser(name?: string): Promise<AUser>
  aRoom(by: AUser, members?: readonly AUser[]): Promise<string>
  say(by: AUser, roomId: string, content: string): Promise<void>
  close(): Promise<void>
}

/** Somebody who has signed up. Ids are global ids. */
export interface AUser {
  readonly id: string
  readonly handle: string
  readonly accessToken: string
  readonly refreshToken: string
  /** For connectionParams and headers. */
  readonly credentials: { authorization: string }
  post<Data = Record<string, unknown>>(query: string, variables?: Record<string, unknown>): Promise<Answer<Data>>
}

let shared: Promise<Parley> | undefined

/** One a worker, as it is configured by default: for whoever makes people and rooms of their own in it. */
export function aParley(): Promise<Parley> {
  shared ??= startParley()
  return shared
}

/** One of one's own, to be closed; on the worker's database unless DATABASE_URL names another. */
export async function startParley(env: Record<string, string> = {}, overrides: Overrides = {}): Promise<Parley> {
  const logged: string[] = []
  const logger = createLogger('info', (line) => logged.push(line))
  const database = env.DATABASE_URL ? {} : { database: (await aDomain()).database }
  const app = await createApp(readConfig({ ...forTests, STORAGE_URL: storageUrl(), ...env }), { logger, ...database, ...overrides })
  const url = app.url.replace('localhost', '127.0.0.1')

  async function aUser(name = 'Somebody'): Promise<AUser> {
    const handle = `u_${uuid().replaceAll('-', '').slice(-20)}`
    const { data } = await ask(url, SignUpDocument, { input: { handle, name, password } })
    const { accessToken, refreshToken, viewer } = data!.signUp
    const credentials = { authorization: `Bearer ${accessToken}` }
    return {
      id: viewer.user.id,
      handle,
      accessToken,
      refreshToken,
      credentials,
      post: (query, variables) => post(url, { query, ...(variables && { variables }) }, credentials),
    }
  }

  return {
    app,
    url,
    socketUrl: url.replace('http', 'ws'),
    logged,
    aUser,
    async aRoom(by, members = []) {
      const input = { name: 'A room', memberIds: members.map(({ id }) => id) }
      const { data } = await ask(url, CreateRoomDocument, { input }, by.credentials)
      return data!.createGroupRoom.room.id
    },
    async say(by, roomId, content) {
      const { errors } = await ask(url, SayDocument, { input: { roomId, content } }, by.credentials)
      if (errors) throw new Error(errors[0]!.message)
    },
    close: () => app.close(),
  }
}

const forTests = {
  PORT: '0',
  DATABASE_URL: 'pglite:memory',
  PASSWORD_COST: '10',
  SIGN_UP_PER_HOUR: '1000000',
  SIGN_IN_PER_MINUTE: '1000000',
  SEND_PER_SECOND: '1000000',
  SEND_BURST: '1000000',
  REACH_PER_MINUTE: '1000000',
  BUDGET_PER_SECOND: '1000000000',
  BUDGET_BURST: '1000000000',
  DRAIN_MS: '50',
}

const password = 'correct horse battery'
