import { afterAll, beforeAll, expect, it } from 'vitest'
import { sharedPostgres } from '../support/postgres.ts'
import { sharedRedis } from '../support/redis.ts'
import { describeWith } from '../support/services.ts'
import { until } from '../support/until.ts'
import { startDyingNode } from './dying.ts'
import { anotherDevice, orThrow, type Person } from './person.ts'
import { inEachWorld, startNodes, type World } from './world.ts'

interface ShownMark {
  readonly seq: number
  readonly user: { readonly name: string }
}

const room = `query ($id: ID!) { room(id: $id) { unreadCount firstUnreadMessage { content } readMarks { seq user { name } } } }`
interface Shown {
  readonly unreadCount: number
  readonly firstUnreadMessage: { readonly content: string } | null
  readonly readMarks: readonly ShownMark[]
}

const show = async (person: Person, id: string) => orThrow(await person.ask<{ room: Shown }>(room, { id })).room
const mark = async (person: Person, roomId: string, messageId: string): Promise<number> =>
  orThrow(
    await person.ask<{ markRead: { readMark: { seq: number } } }>(
      'mutation ($input: MarkReadInput!) { markRead(input: $input) { readMark { seq } } }',
      { input: { roomId, messageId } },
    ),
  ).markRead.readMark.seq

async function sayMany(person: Person, roomId: string, count: number): Promise<string[]> {
  const ids: string[] = []
  for (let number = 1; number <= count; number++) ids.push(await person.say(roomId, `Message ${number}`))
  return ids
}

interface Told {
  readonly at: string
  readonly readMarks: readonly ShownMark[]
}

/** What somebody in a room is told of marks, from now on. */
async function followMarks(person: Person, roomId: string) {
  const client = person.connect()
  const told: Told[] = []
  const variables = { roomId, after: await person.cursorOf(roomId) }
  const query = `subscription ($roomId: ID!, $after: Cursor) { roomEvents(roomId: $roomId, after: $after) {
    at ... on ReadMarksMoved { readMarks { seq user { name } } } } }`
  client.subscribe<{ roomEvents: { at: string; readMarks?: readonly ShownMark[] } }>(
    { query, variables },
    {
      next({ data }) {
        const { at, readMarks } = data!.roomEvents
        if (readMarks) told.push({ at, readMarks })
      },
      error: () => {},
      complete: () => {},
    },
  )
  return {
    told,
    /** Whose marks stand where, by what was told. */
    marks: () => Object.fromEntries(told.flatMap(({ readMarks }) => readMarks.map(({ user, seq }) => [user.name, seq]))),
    stop: async () => client.dispose(),
  }
}

/** How far somebody has read, as their own devices hear it, from now on. */
async function followInbox(person: Person) {
  const { viewer } = orThrow(await person.ask<{ viewer: { inboxCursor: string } }>('{ viewer { inboxCursor } }'))
  const client = person.connect()
  const seqs: number[] = []
  client.subscribe<{ inbox: { seq?: number } }>(
    {
      query: 'subscription ($after: Cursor) { inbox(after: $after) { ... on ReadMarkMoved { seq } } }',
      variables: { after: viewer.inboxCursor },
    },
    {
      next: ({ data }) => {
        if (data?.inbox.seq !== undefined) seqs.push(data.inbox.seq)
      },
      error: () => {},
      complete: () => {},
    },
  )
  return { seqs, stop: async () => client.dispose() }
}

inEachWorld('reading', (world) => {
  async function stage() {
    const [here, there = here] = world().nodes
    const [ada, ben] = [await world().aPerson('Ada', here), await world().aPerson('Ben', there)]
    return { ada, ben, tablet: await anotherDevice(ben, here!), roomId: await ada.make(ben) }
  }

  it('on one device is read on the other, and the others hear of it', async () => {
    const { ada, ben, tablet, roomId } = await stage()
    const [inbox, others] = [await followInbox(tablet), await followMarks(ada, roomId)]
    const [, two, three] = await sayMany(ada, roomId, 3)
    expect(await show(tablet, roomId)).toMatchObject({ unreadCount: 3, firstUnreadMessage: { content: 'Message 1' } })
    await mark(ben, roomId, two!)
    await until(() => inbox.seqs.length === 1)
    expect(inbox.seqs).toEqual([2])
    expect(await show(tablet, roomId)).toMatchObject({ unreadCount: 1, firstUnreadMessage: { content: 'Message 3' } })
    await until(() => others.marks().Ben === 2)
    const last = await mark(tablet, roomId, three!)
    await until(() => others.marks().Ben === last)
    expect(await show(ben, roomId)).toMatchObject({ unreadCount: 0, firstUnreadMessage: null })
    await Promise.all([inbox.stop(), others.stop()])
  })

  it('backwards changes nothing, and nobody hears of it', async () => {
    const { ada, ben, tablet, roomId } = await stage()
    const messageIds = await sayMany(ada, roomId, 5)
    const last = await mark(ben, roomId, messageIds.at(-1)!)
    const [inbox, others] = [await followInbox(tablet), await followMarks(ada, roomId)]
    for (const device of [ben, tablet])
      for (const messageId of messageIds.toReversed()) expect(await mark(device, roomId, messageId)).toBe(last)
    // What is said after it is heard after it: by then the other would have been.
    const next = await mark(ben, roomId, await ada.say(roomId, 'One more'))
    await until(() => inbox.seqs.length > 0 && others.told.length > 0)
    expect(inbox.seqs).toEqual([next])
    expect(others.told.map(({ readMarks }) => readMarks.map(({ seq }) => seq))).toEqual([[next]])
    await Promise.all([inbox.stop(), others.stop()])
  })

  it('by many at once is told at most once a second, and ends where a fresh read is', async () => {
    const { ada, ben, tablet, roomId } = await stage()
    const cid = await world().aPerson('Cid')
    await ada.add(roomId, cid)
    const others = await followMarks(ada, roomId)
    for (const messageId of await sayMany(ada, roomId, 15))
      await Promise.all([ben, tablet, cid].map((person) => mark(person, roomId, messageId)))
    const fresh = Object.fromEntries((await show(ada, roomId)).readMarks.map(({ user, seq }) => [user.name, seq]))
    await until(() => others.marks().Ben === fresh.Ben && others.marks().Cid === fresh.Cid)
    const moments = others.told.map(({ at }) => Date.parse(at))
    for (const [index, at] of moments.slice(1).entries()) expect(at - moments[index]!).toBeGreaterThanOrEqual(1000)
    await others.stop()
  })

  it('is nobody’s to see any more who was removed', async () => {
    const { ada, ben, roomId } = await stage()
    await mark(ben, roomId, await ada.say(roomId, 'Hello'))
    await ada.remove(roomId, ben)
    expect((await show(ada, roomId)).readMarks.map(({ user }) => user.name)).toEqual(['Ada'])
    const { errors } = await ben.ask('mutation ($input: MarkReadInput!) { markRead(input: $input) { readMark { seq } } }', {
      input: { roomId, messageId: await ada.say(roomId, 'Later') },
    })
    expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['NOT_FOUND'])
  })
})

describeWith(['postgres', 'redis'], 'a node that is killed before it told a room what was read', () => {
  let world: World
  beforeAll(async () => {
    const [postgres, redis] = await Promise.all([sharedPostgres(), sharedRedis()])
    const env = { DATABASE_URL: await postgres.createDatabase(), REDIS_URL: redis.url, MARKS_EVERY_MS: '1', MARKS_TICK_MS: '200' }
    world = await startNodes({ count: 2, env })
  })
  afterAll(() => world?.close())

  it('is stood in for by the others, once', async () => {
    const dying = await startDyingNode({ ...world.env, MARKS_EVERY_MS: '600000', MARKS_TICK_MS: '600000' })
    const [ada, ben] = [await world.aPerson('Ada'), await world.aPerson('Ben', world.nodes[1]!)]
    const roomId = await ada.make(ben)
    const others = await followMarks(ada, roomId)
    const [one, two] = await sayMany(ada, roomId, 2)
    await mark(ben.on(dying), roomId, one!)
    await until(() => others.marks().Ben === 1)
    const seq = await mark(ben.on(dying), roomId, two!)
    await ben
      .on(dying)
      .say(roomId, 'Last words')
      .catch(() => {})
    expect(await dying.ended).toBe('SIGKILL')
    await until(() => others.marks().Ben === seq)
    expect(others.told).toHaveLength(2)
    await others.stop()
  })
})
