import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import * as apollo from '../../docs/examples/apollo.ts'
import { RoomsDocument, type RoomsQuery, SignInDocument } from '../../docs/examples/generated/documents.ts'
import { createSession, type Session } from '../../docs/examples/session.ts'
import * as urql from '../../docs/examples/urql.ts'
import { type Parley, startParley } from '../support/parley.ts'
import { until } from '../support/until.ts'
import { aPerson, type Person, password } from './person.ts'
import { write } from './place.ts'

/** A list of rooms in a normalised cache, set up as docs/clients.md says. */
type OpenList = (session: Session, handle: string) => Promise<{ readonly now: () => RoomsQuery | undefined }>

const openers: Record<string, OpenList> = {
  async 'Apollo Client 4'(session, handle) {
    const client = apollo.createApollo(session)
    const { data } = await client.mutate({ mutation: SignInDocument, variables: { input: { handle, password } } })
    session.keep(data!.signIn)
    let now: RoomsQuery | undefined
    client.watchQuery({ query: RoomsDocument }).subscribe((result) => {
      if (result.dataState === 'complete') now = result.data
    })
    apollo.followInbox(client, (await until(() => now)).viewer!.inboxCursor, () => {})
    return { now: () => now }
  },
  async 'urql with Graphcache'(session, handle) {
    const client = urql.createUrql(session)
    const { data } = await client.mutation(SignInDocument, { input: { handle, password } })
    session.keep(data!.signIn)
    let now: RoomsQuery | undefined
    client.query(RoomsDocument, {}).subscribe((result) => {
      now = result.data
    })
    urql.followInbox(client, (await until(() => now)).viewer!.inboxCursor, () => {})
    return { now: () => now }
  },
}

describe('a list of rooms in a normalised cache', () => {
  const complaints = [vi.spyOn(console, 'warn'), vi.spyOn(console, 'error')]
  const sessions: Session[] = []
  let node: Parley
  beforeAll(async () => {
    node = await startParley({ UNREAD_EVERY_MS: '20' })
  })
  afterEach(async () => {
    for (const { sockets } of sessions.splice(0)) await Promise.resolve(sockets.dispose()).catch(() => {})
    // A cache that was not told what it has to know says so there.
    expect(complaints.flatMap(({ mock }) => mock.calls)).toEqual([])
  })
  afterAll(async () => {
    for (const complaint of complaints) complaint.mockRestore()
    await node.close()
  })

  it.each(Object.entries(openers))('is kept by what the inbox tells: %s', async (_name, open) => {
    const [ada, ben] = [await aPerson(node, 'Ada'), await aPerson(node, 'Ben')]
    const roomId = await ben.make(ada)
    const session = createSession({ url: `${node.url}/graphql`, socket: { webSocketImpl: WebSocket } })
    sessions.push(session)
    const { now } = await open(session, ada.handle)
    const shown = () => now()?.viewer?.rooms.edges.map(({ node }) => [node.id, node.name, node.unreadCount, node.lastMessage?.content])
    const shows = (...rooms: unknown[][]) => expect.poll(shown, { timeout: 10_000, interval: 10 }).toEqual(rooms)

    await shows([roomId, 'Friends', 0, undefined])
    await ben.say(roomId, 'Hello')
    await shows([roomId, 'Friends', 1, 'Hello'])
    const messageId = await ben.say(roomId, 'Again')
    await shows([roomId, 'Friends', 2, 'Again'])
    await write(ada, 'markRead', { roomId, messageId })
    await shows([roomId, 'Friends', 0, 'Again'])
    await write(ben, 'updateRoom', { roomId, name: 'Best friends' })
    await write(ben, 'deleteMessage', { messageId })
    await expect.poll(() => shown()?.[0]?.[1]).toBe('Best friends')
    const other = await ben.make(ada)
    await expect.poll(() => shown()?.map(([id]) => id)).toEqual([other, roomId])
    await ben.remove(roomId, ada)
    await shows([other, 'Friends', 0, undefined])
    expect(await fresh(ada)).toEqual(shown()?.map(([id]) => id))
  })
})

async function fresh(person: Person): Promise<string[]> {
  const { data } = await person.ask<{ viewer: { rooms: { nodes: { id: string }[] } } }>('{ viewer { rooms { nodes { id } } } }')
  return data!.viewer.rooms.nodes.map(({ id }) => id)
}
