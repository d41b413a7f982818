import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { SignInDocument } from '../../docs/examples/generated/documents.ts'
import { createSession, type Session } from '../../docs/examples/session.ts'
import { password } from '../journeys/person.ts'
import { ask } from '../support/client.ts'
import { type Parley, startParley } from '../support/parley.ts'
import { until } from '../support/until.ts'

let node: Parley
const sessions: Session[] = []

beforeAll(async () => {
  // So that tokens are always about to expire.
  node = await startParley({ ACCESS_TOKEN_MS: '59000' })
})

afterEach(async () => {
  for (const { sockets } of sessions.splice(0)) await sockets.dispose()
})

afterAll(() => node.close())

/** Somebody's, with what it asks over HTTP, and the sockets that it opens. */
async function aSession() {
  const { handle } = await node.aUser()
  const asked: string[] = []
  const opened: WebSocket[] = []
  const line = { isDown: false }
  const session = createSession({
    url: `${node.url}/graphql`,
    fetch(input, init) {
      const [name] = /refreshSession|viewer/.exec(String(init?.body))!
      asked.push(name)
      return line.isDown && name === 'refreshSession' ? Promise.reject(new TypeError('fetch failed')) : fetch(input, init)
    },
    socket: {
      webSocketImpl: WebSocket,
      retryWait: () => Promise.resolve(),
      on: { connected: (socket) => void opened.push(socket as WebSocket) },
    },
  })
  sessions.push(session)
  session.keep(await signIn(handle))
  return { handle, asked, opened, line, session, whoAmI: () => whoAmI(session) }
}

async function signIn(handle: string) {
  const { data } = await ask(node.url, SignInDocument, { input: { handle, password } })
  return data!.signIn
}

async function whoAmI({ url, fetch }: Session): Promise<string | undefined> {
  const body = JSON.stringify({ query: '{ viewer { user { handle } } }' })
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  const { data } = (await response.json()) as { data: { viewer: { user: { handle: string } } | null } }
  return data.viewer?.user.handle
}

it('refreshes tokens that are about to expire, once for all who ask at a time', async () => {
  const { handle, asked, whoAmI } = await aSession()
  expect(await Promise.all([whoAmI(), whoAmI(), whoAmI()])).toEqual([handle, handle, handle])
  expect(asked.sort()).toEqual(['refreshSession', 'viewer', 'viewer', 'viewer'])
  expect(await whoAmI()).toBe(handle)
  expect(asked.filter((name) => name === 'refreshSession')).toHaveLength(2)
})

it('tries the tokens that it has when a refresh is not answered, and asks again', async () => {
  const { handle, asked, line, whoAmI } = await aSession()
  line.isDown = true
  expect(await whoAmI()).toBe(handle)
  line.isDown = false
  expect(await whoAmI()).toBe(handle)
  expect(asked).toEqual(['refreshSession', 'viewer', 'refreshSession', 'viewer'])
})

it('is nobody’s once it has ended', async () => {
  const { handle, whoAmI } = await aSession()
  const { accessToken } = await signIn(handle)
  const headers = { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' }
  const body = JSON.stringify({ query: 'mutation { signOut(input: { everywhere: true }) { endedSessions } }' })
  await fetch(`${node.url}/graphql`, { method: 'POST', headers, body })
  expect(await whoAmI()).toBeUndefined()
})

it('stays nobody’s when somebody signs out while it is refreshed', async () => {
  const { session, asked, whoAmI } = await aSession()
  const asking = whoAmI()
  session.keep()
  expect(await asking).toBeUndefined()
  expect(asked).toEqual(['refreshSession', 'viewer'])
})

it('comes back with refreshed credentials when the connection was lost', async () => {
  const { session, asked, opened } = await aSession()
  const ends: unknown[] = []
  const end = (reason?: unknown) => void ends.push(reason)
  session.sockets.subscribe({ query: 'subscription { inbox { cursor } }' }, { next: () => {}, error: end, complete: end })
  await until(() => opened.length === 1)
  opened[0]!.terminate()
  await until(() => opened.length === 2)
  expect(asked).toEqual(['refreshSession', 'refreshSession'])
  expect(ends).toEqual([])
})
