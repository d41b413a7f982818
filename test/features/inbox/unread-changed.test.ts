import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { connect, type SocketClient } from '../../support/client.ts'
import { aDomain } from '../../support/domain.ts'
import { type HeldDatabase, holdDatabase } from '../../support/held-database.ts'
import { type AUser, type Parley, startParley } from '../../support/parley.ts'
import { until } from '../../support/until.ts'

const document = `subscription ($after: Cursor) { inbox(after: $after) { __typename cursor
  ... on RoomAdded { roomId } ... on RoomRemoved { roomId } ... on ReadMarkMoved { roomId }
  ... on UnreadChanged { roomId unreadCount unreadMentionCount
    room { id name archivedAt unreadCount unreadMentionCount lastMessage { content sender { name } } } } } }`

interface Told {
  readonly __typename: string
  readonly cursor: string
  readonly roomId?: string
  readonly unreadCount?: number
  readonly unreadMentionCount?: number
  readonly room?: {
    readonly name: string
    readonly archivedAt: string | null
    readonly unreadCount: number
    readonly unreadMentionCount: number
    readonly lastMessage: { readonly content: string } | null
  } | null
}

describe('UnreadChanged', () => {
  let database: HeldDatabase
  let parley: Parley
  let ann: AUser
  let ben: AUser
  const devices: SocketClient[] = []
  beforeAll(async () => {
    database = holdDatabase((await aDomain()).database)
    parley = await startParley({ UNREAD_EVERY_MS: '100', LINGER_MS: '0' }, { database })
  })
  beforeEach(async () => {
    ann = await parley.aUser('Ann')
    ben = await parley.aUser('Ben')
  })
  afterEach(async () => {
    for (const device of devices.splice(0)) await device.close()
    await until(() => parley.app.services.unread.people === 0, { what: 'watching for nobody' })
    expect([parley.app.services.unread.rooms, parley.app.hub.watched]).toEqual([0, 0])
  })
  afterAll(() => parley.close())

  it('comes for what others say, at once, with the room as it stands', async () => {
    const roomId = await parley.aRoom(ann, [ben])
    const device = await listen(ben)
    await parley.say(ann, roomId, `Hello @${ben.handle}`)
    const told = await device.until(({ __typename }) => __typename === 'UnreadChanged')
    const counts = { unreadCount: 1, unreadMentionCount: 1 }
    const lastMessage = { content: `Hello @${ben.handle}`, sender: { name: 'Ann' } }
    expect(told).toMatchObject({ roomId, ...counts, room: { id: roomId, name: 'A room', ...counts, lastMessage } })
  })

  it('comes at most once in a while for a room, however much is said in it, and then with all of it', async () => {
    const roomId = await parley.aRoom(ann, [ben])
    const device = await listen(ben)
    const began = performance.now()
    for (let number = 1; number <= 40; number++) await parley.say(ann, roomId, `Message ${number}`)
    await device.until(({ unreadCount }) => unreadCount === 40)
    const tookMs = performance.now() - began
    expect(device.told.length).toBeLessThanOrEqual(2 + tookMs / 100)
    expect(device.told[0]!.unreadCount).toBeLessThan(40)
    for (const { unreadCount, room } of device.told) expect(room!.unreadCount).toBe(unreadCount)
  })

  it('comes for what oneself says on another device, since the room has moved', async () => {
    const roomId = await parley.aRoom(ann, [ben])
    const device = await listen(ben)
    await parley.say(ben, roomId, 'From elsewhere')
    const told = await device.until(({ __typename }) => __typename === 'UnreadChanged')
    expect(told).toMatchObject({ unreadCount: 0, room: { lastMessage: { content: 'From elsewhere' } } })
  })

  it('comes for edits, deletions, another name, archiving and its end', async () => {
    const roomId = await parley.aRoom(ann, [ben])
    const device = await listen(ben)
    const said = await ann.post<{ sendMessage: { message: { id: string } } }>(
      'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id } } }',
      { input: { roomId, content: 'Hello' } },
    )
    const messageId = said.data!.sendMessage.message.id
    const act = (name: string, input: object) =>
      ann.post(`mutation ($input: ${name[0]!.toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $input) { __typename } }`, { input })
    await device.until(({ unreadCount }) => unreadCount === 1)
    await act('editMessage', { messageId, content: `Hello @${ben.handle}` })
    await device.until(({ unreadMentionCount }) => unreadMentionCount === 1)
    await act('archiveRoom', { roomId })
    expect(await device.until(({ room }) => room?.archivedAt != null)).toMatchObject({ unreadCount: 0, unreadMentionCount: 0 })
    await act('unarchiveRoom', { roomId })
    await device.until(({ room, unreadCount }) => room?.archivedAt === null && unreadCount === 1)
    await act('deleteMessage', { messageId })
    expect(await device.until(({ unreadCount }) => unreadCount === 0)).toMatchObject({ room: { lastMessage: { content: '' } } })
    await act('updateRoom', { roomId, name: 'Best friends' })
    await device.until(({ room }) => room?.name === 'Best friends')
    // Where nothing is unread, archiving is told too.
    await act('archiveRoom', { roomId })
    await device.until(({ room }) => room?.archivedAt != null)
  })

  it('comes for what oneself has read, on every device, and not for what others have', async () => {
    const roomId = await parley.aRoom(ann, [ben])
    const [phone, laptop] = [await listen(ben), await listen(ben)]
    await parley.say(ann, roomId, 'Hello')
    for (const device of [phone, laptop]) await device.until(({ unreadCount }) => unreadCount === 1)
    const annes = await listen(ann)
    await markRead(ben, roomId)
    for (const device of [phone, laptop]) await device.until(({ unreadCount }) => unreadCount === 0)
    await until(async () => (await typesIn(roomId)).includes('ReadMarksMoved'), { what: 'telling the room of it' })
    await parley.say(ben, roomId, 'I have read it')
    await annes.until(({ unreadCount }) => unreadCount === 1)
    expect(annes.told).toHaveLength(1)
  })

  it('comes at first of nothing; after a replay of each room with something unread or that moved, and of no other', async () => {
    const rooms = { quiet: '', unread: '', moved: '', marked: '' }
    for (const name of Object.keys(rooms) as (keyof typeof rooms)[]) {
      rooms[name] = await parley.aRoom(ann, [ben])
      await parley.say(ann, rooms[name], name)
      if (name !== 'unread') await markRead(ben, rooms[name])
    }
    const at = await backdate(ben, Object.values(rooms))
    // Said before the inbox's newest event, and perhaps committed after it.
    await touch('update stream set active_at = $2 where id = $1', rooms.moved, new Date(at.getTime() - 10_000))
    await touch('update read_mark set at = $2 where room_id = $1', rooms.marked, at)
    const after = await cursorOf(ben)

    const fresh = await listen(ben)
    const resuming = await listen(ben, after)
    await until(() => resuming.told.length === 3, { what: 'being told of three rooms' })
    expect(resuming.told.map(({ roomId }) => roomId).sort()).toEqual([rooms.unread, rooms.moved, rooms.marked].sort())
    expect(resuming.told.map(({ cursor }) => cursor)).toEqual([after, after, after])
    expect(resuming.told.find(({ roomId }) => roomId === rooms.unread)).toMatchObject({ unreadCount: 1 })
    await parley.say(ann, rooms.quiet, 'Again')
    await fresh.until(({ unreadCount }) => unreadCount === 1)
    await resuming.until(({ roomId }) => roomId === rooms.quiet)
    expect([fresh.told.length, resuming.told.length]).toEqual([1, 4])
  })

  it('comes of every room after a replay from the beginning, or from where events are no longer kept', async () => {
    const rooms = [await parley.aRoom(ann, [ben]), await parley.aRoom(ann, [ben])]
    await backdate(ben, rooms)
    const after = await cursorOf(ben)
    await database.sql('delete from event where stream_id = $1', [rowOf(ben.id)])
    const device = await listen(ben, after)
    await until(() => device.told.length === 2, { what: 'being told of both rooms' })
  })

  it('comes of a room that one was added to, and no more of one that was lost', async () => {
    const device = await listen(ben)
    const roomId = await parley.aRoom(ann, [ben])
    await device.until(({ __typename }) => __typename === 'UnreadChanged')
    expect(device.all.map(({ __typename }) => __typename)).toEqual(['RoomAdded', 'UnreadChanged'])
    await parley.say(ann, roomId, 'Hello')
    await device.until(({ unreadCount }) => unreadCount === 1)
    const counting = database.hold('as "unreadMentionCount"')
    await parley.say(ann, roomId, 'Bye')
    await counting.waits()
    await remove(roomId)
    await device.until(({ __typename }) => __typename === 'RoomRemoved')
    counting.release()
    const other = await parley.aRoom(ann, [ben])
    await parley.say(ann, roomId, 'He is gone')
    await parley.say(ann, other, 'Welcome')
    await device.until(({ roomId, unreadCount }) => roomId === other && unreadCount === 1)
    const last = device.all.findIndex(({ __typename }) => __typename === 'RoomRemoved')
    expect(device.all.slice(last + 1).every((told) => told.roomId === other)).toBe(true)
    expect(parley.app.services.unread.rooms).toBe(1)
  })

  it('does not come of a room that was lost while the rooms were read', async () => {
    const [lost, kept] = [await parley.aRoom(ann, [ben]), await parley.aRoom(ann, [ben])]
    const after = await cursorOf(ben)
    const reading = database.hold('left join read_mark k on k.id = m.id', 'answer')
    const coming = listen(ben, after)
    await reading.waits()
    await remove(lost)
    const { stream, release } = await parley.app.hub.hold(rowOf(ben.id))
    const { log } = parley.app.services
    await until(async () => stream.head === (await log.head(rowOf(ben.id))), { what: 'hearing of it' })
    release()
    reading.release()
    const device = await coming
    await parley.say(ann, lost, 'He is gone')
    await parley.say(ann, kept, 'Hello')
    await device.until(({ roomId, unreadCount }) => roomId === kept && unreadCount === 1)
    expect(device.told.map(({ roomId }) => roomId)).not.toContain(lost)
    expect(parley.app.services.unread.rooms).toBe(1)
  })

  it('comes though the database was away when it was to be counted, or when somebody came', async () => {
    const roomId = await parley.aRoom(ann, [ben])
    database.fail('left join read_mark k on k.id = m.id', 1)
    const device = await listen(ben)
    database.fail('as "unreadMentionCount"', 2)
    await parley.say(ann, roomId, 'Hello')
    await device.until(({ unreadCount }) => unreadCount === 1)
    database.fail('left join read_mark k on k.id = m.id', 1)
    const other = await parley.aRoom(ann, [ben])
    await device.until(({ roomId, __typename }) => roomId === other && __typename === 'UnreadChanged')
  })

  it('of many rooms at once is counted in few statements', async () => {
    const rooms = await Promise.all(Array.from({ length: 30 }, () => parley.aRoom(ann, [ben])))
    const device = await listen(ben)
    const counting = database.hold('as "unreadMentionCount"')
    await parley.say(ann, rooms[0]!, 'Hello')
    await counting.waits()
    for (const roomId of rooms.slice(1)) await parley.say(ann, roomId, 'Hello')
    const before = database.statements.length
    counting.release()
    await until(() => device.told.length === 30, { what: 'being told of every room' })
    const run = database.statements.slice(before)
    expect(run.filter(({ text }) => text.includes('as "unreadMentionCount"'))).toHaveLength(1)
    // Rooms, counts, memberships, last messages and senders of 29 rooms; of the first only those that follow its counts. Nothing to show them.
    expect(run.length).toBeLessThanOrEqual(5 + 4)
  })

  it('is not in the way of closing while it is counted', async () => {
    const closing = await startParley({}, { database })
    const [cid, dan] = [await closing.aUser('Cid'), await closing.aUser('Dan')]
    const roomId = await closing.aRoom(cid, [dan])
    const socket = connect(closing.socketUrl, dan.credentials)
    socket.follow({ query: document })
    await until(() => closing.app.services.unread.rooms === 1)
    const counting = database.hold('as "unreadMentionCount"')
    await closing.say(cid, roomId, 'Hello')
    await counting.waits()
    let isClosed = false
    const closed = closing.close().then(() => {
      isClosed = true
    })
    await until(() => closing.app.services.unread.people === 0)
    expect(isClosed).toBe(false)
    counting.release()
    await closed
    expect(closing.logged.join()).not.toContain('Something')
  })

  /** Resolves once it is watched for. */
  async function listen(person: AUser, after?: string) {
    const socket = connect(parley.socketUrl, person.credentials)
    devices.push(socket)
    const all: Told[] = []
    const { unread } = parley.app.services
    const before = unread.readers
    socket.client.subscribe<{ inbox: Told }>(
      { query: document, variables: { after } },
      { next: ({ data }) => void all.push(data!.inbox), error: () => {}, complete: () => {} },
    )
    await until(() => unread.readers > before, { what: 'being watched for' })
    const told = () => all.filter(({ __typename }) => __typename === 'UnreadChanged')
    return {
      all,
      get told() {
        return told()
      },
      /** That what was told last is such. */
      until: (is: (told: Told) => boolean) => until(() => all.length > 0 && is(all.at(-1)!) && all.at(-1), { what: 'being told' }),
    }
  }

  async function markRead(person: AUser, roomId: string): Promise<void> {
    const { data } = await person.post<{ room: { lastMessage: { id: string } } }>(
      'query ($id: ID!) { room(id: $id) { lastMessage { id } } }',
      {
        id: roomId,
      },
    )
    const input = { roomId, messageId: data!.room.lastMessage.id }
    await person.post('mutation ($input: MarkReadInput!) { markRead(input: $input) { __typename } }', { input })
  }

  const remove = (roomId: string) =>
    ann.post('mutation ($input: RemoveRoomMemberInput!) { removeRoomMember(input: $input) { memberId } }', {
      input: { roomId, userId: ben.id },
    })

  async function cursorOf(person: AUser): Promise<string> {
    const { data } = await person.post<{ viewer: { inboxCursor: string } }>('{ viewer { inboxCursor } }')
    return data!.viewer.inboxCursor
  }

  /** Makes everything there an hour old, but for the inbox's newest event; answers when that was. */
  async function backdate(person: AUser, rooms: readonly string[]): Promise<Date> {
    const ids = rooms.map(rowOf)
    await database.sql(`update stream set active_at = active_at - interval '1 hour' where id = any($1::uuid[])`, [ids])
    await database.sql(`update read_mark set at = at - interval '1 hour' where room_id = any($1::uuid[])`, [ids])
    const [newest] = await database.sql<{ at: Date }>('select max(at) as at from event where stream_id = $1', [rowOf(person.id)])
    return newest!.at
  }

  const touch = (text: string, roomId: string, at: Date) => database.sql(text, [rowOf(roomId), at])

  async function typesIn(roomId: string): Promise<string[]> {
    return (await parley.app.services.log.after(rowOf(roomId), 0, 100)).map(({ type }) => type)
  }
})

const rowOf = (id: string) => Buffer.from(id, 'base64url').toString().split(':')[1]!
