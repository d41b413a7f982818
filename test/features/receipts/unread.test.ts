import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { countUnread } from '../../../src/features/receipts/unread.ts'
import { encodeId } from '../../../src/graphql/ids.ts'
import { type APerson, aDomain, type Domain } from '../../support/domain.ts'
import { type ARoom, aGroup } from '../../support/rooms.ts'
import { aChannel, aTeam } from '../../support/teams.ts'
import { counted, createStage } from '../messages/support.ts'
import { act, join, leave, mark, say } from './support.ts'

let domain: Domain
let ann: APerson
let ben: APerson
let cid: APerson
let room: ARoom
beforeAll(async () => {
  domain = await aDomain()
  ;[ann, ben, cid] = await Promise.all([domain.aPerson('Ann'), domain.aPerson('Ben'), domain.aPerson('Cid')])
})
beforeEach(async () => {
  room = await aGroup(ann, ben)
})

const unread = async (person: APerson, at = room) => {
  const counts = await countUnread(domain.database.sql, [{ roomId: at.id, userId: person.id }])
  return counts.flatMap(({ unreadCount, unreadMentionCount }) => [unreadCount, unreadMentionCount])
}

describe('what counts as unread', () => {
  it('is what others say', async () => {
    await say(ann, room, 'One')
    await say(ben, room, 'Two')
    await say(ann, room, 'Three')
    expect(await unread(ben)).toEqual([2, 0])
    expect(await unread(ann)).toEqual([1, 0])
  })

  it('is no longer what was deleted, nor its mentions', async () => {
    const messageId = await say(ann, room, `Come, @${ben.handle}`)
    expect(await unread(ben)).toEqual([1, 1])
    await act(ann, 'deleteMessage', { messageId })
    expect(await unread(ben)).toEqual([0, 0])
  })

  it('is no reply in a thread, but for its mentions', async () => {
    const threadId = await say(ben, room, 'Lunch?')
    await say(ann, room, 'Yes', { threadId })
    expect(await unread(ben)).toEqual([0, 0])
    await say(ann, room, `And @${ben.handle}?`, { threadId })
    expect(await unread(ben)).toEqual([0, 1])
  })

  it('follows an edit that mentions somebody, or no longer does', async () => {
    const messageId = await say(ann, room, 'Come')
    await act(ann, 'editMessage', { messageId, content: `Come, @${ben.handle}` })
    expect(await unread(ben)).toEqual([1, 1])
    await act(ann, 'editMessage', { messageId, content: 'Come, all' })
    expect(await unread(ben)).toEqual([1, 0])
  })

  it('is nothing that the room says of itself, and nothing from before one came', async () => {
    await say(ann, room, 'Before')
    await join(ann, room, cid)
    expect(await unread(cid)).toEqual([0, 0])
    expect(await unread(ben)).toEqual([1, 0])
  })

  it('is nothing while one is away, nor afterwards what was said meanwhile', async () => {
    await join(ann, room, cid)
    await say(ann, room, 'First')
    await leave(cid, room)
    expect(await unread(cid)).toEqual([0, 0])
    await say(ann, room, 'Meanwhile')
    await join(ann, room, cid)
    expect(await unread(cid)).toEqual([0, 0])
    await say(ann, room, 'Now')
    expect(await unread(cid)).toEqual([1, 0])
  })

  it('is nothing to who only sees a public channel', async () => {
    const team = await aTeam(ann, ben)
    const channel = await aChannel(team, ann)
    await say(ann, channel, 'News')
    expect(await unread(ben, channel)).toEqual([0, 0])
  })

  it('is nothing in an archived room, and there again once it is not', async () => {
    await say(ann, room, `Hello, @${ben.handle}`)
    await act(ann, 'archiveRoom', { roomId: room.globalId })
    expect(await unread(ben)).toEqual([0, 0])
    await act(ann, 'unarchiveRoom', { roomId: room.globalId })
    expect(await unread(ben)).toEqual([1, 1])
  })

  it('stops at 100', async () => {
    const content = `@${ben.handle}`
    for (let i = 0; i < 101; i++) await say(ann, room, content)
    expect(await unread(ben)).toEqual([100, 100])
  })

  it('is nothing to a member without a mark', async () => {
    await say(ann, room, 'Hello')
    await domain.database.prisma.readMark.deleteMany({ where: { roomId: room.id } })
    expect(await unread(ben)).toEqual([0, 0])
  })
})

describe('counting', () => {
  it('takes one statement for any number of rooms and people, and answers in their order', async () => {
    const other = await aGroup(ann, cid)
    await say(ann, room, 'One')
    await say(ann, other, 'One')
    await say(ann, other, 'Two')
    const database = counted(domain.database)
    const counts = await countUnread(database.sql, [
      { roomId: other.id, userId: cid.id },
      { roomId: other.id, userId: ben.id },
      { roomId: room.id, userId: ben.id },
      { roomId: room.id, userId: ann.id },
    ])
    expect(counts.map(({ unreadCount }) => unreadCount)).toEqual([2, 0, 1, 0])
    expect(database.statements).toHaveLength(1)
  })
})

describe('the first unread message', () => {
  const first = async (person: APerson) =>
    (
      await person.run<{ room: { firstUnreadMessage: { content: string } | null } }>(
        'query ($id: ID!) { room(id: $id) { firstUnreadMessage { content } } }',
        { id: room.globalId },
      )
    ).data!.room.firstUnreadMessage?.content

  it('is the oldest that counts, and none when none does', async () => {
    expect(await first(ben)).toBeUndefined()
    await say(ben, room, 'Own')
    const threadId = await say(ann, room, 'Deleted')
    await say(ann, room, `@${ben.handle}, in a thread`, { threadId })
    await act(ann, 'deleteMessage', { messageId: threadId })
    expect(await first(ben)).toBeUndefined()
    await say(ann, room, 'First')
    const last = await say(ann, room, 'Second')
    expect(await first(ben)).toBe('First')
    await mark(ben, room, last)
    expect(await first(ben)).toBeUndefined()
  })

  it('is none in an archived room', async () => {
    await say(ann, room, 'First')
    await act(ann, 'archiveRoom', { roomId: room.globalId })
    expect(await first(ben)).toBeUndefined()
  })
})

describe('what is unread in all rooms', () => {
  const totals = async (person: APerson) =>
    (await person.run<{ viewer: { unread: object } }>('{ viewer { unread { id rooms messages mentions } } }')).data!.viewer.unread

  it('is the sum over those that are not archived', async () => {
    const dan = await domain.aPerson('Dan')
    expect(await totals(dan)).toMatchObject({ rooms: 0, messages: 0, mentions: 0 })
    const [one, two, three, quiet] = [await aGroup(ann, dan), await aGroup(ann, dan), await aGroup(ann, dan), await aGroup(ann, dan)]
    await say(ann, one, 'One')
    await say(ann, one, `@${dan.handle}`)
    // Only a mention in a thread.
    await say(ann, two, `@${dan.handle}`, { threadId: await say(dan, two, 'A thread') })
    await say(ann, three, `@${dan.handle}, archived`)
    await act(ann, 'archiveRoom', { roomId: three.globalId })
    await say(dan, quiet, 'Own')
    expect(await totals(dan)).toEqual({ id: encodeId('UnreadTotals', dan.id), rooms: 2, messages: 2, mentions: 2 })
  })

  it('takes as many statements for 200 rooms as for one, with last messages and what is unread in each', async () => {
    const document = `{ viewer { unread { rooms messages mentions } rooms(first: 100) { nodes {
      unreadCount unreadMentionCount firstUnreadMessage { content } lastMessage { content sender { name } } } } } }`
    const statementsFor = async (rooms: number) => {
      const dan = await domain.aPerson('Dan')
      const stage = createStage(domain.database)
      for (let number = 0; number < rooms; number++) {
        const id = await stage.aGroup(ann.id, dan.id)
        await domain.database.sql(
          `with said as (insert into message (id, room_id, seq, sender_id, content, nonce, nonce_hash, created_at)
             values (gen_random_uuid(), $1, 1, $2, 'Hello', gen_random_uuid(), '', now()))
           insert into read_mark (id, room_id, user_id, seq, at) select id, room_id, user_id, 0, now() from room_member where room_id = $1`,
          [id, ann.id],
        )
      }
      const database = counted(domain.database)
      const { data, errors } = await domain.as(dan.actor, { database })<{
        viewer: { unread: object; rooms: { nodes: { unreadCount: number }[] } }
      }>(document)
      expect(errors).toBeUndefined()
      expect(data!.viewer.unread).toEqual({ rooms, messages: rooms, mentions: 0 })
      expect(data!.viewer.rooms.nodes.every(({ unreadCount }) => unreadCount === 1)).toBe(true)
      return database.statements.length
    }
    expect([await statementsFor(1), await statementsFor(200)]).toEqual([7, 7])
  })
})

describe('the bound of looking', () => {
  it('is the thousand messages after the mark: behind as many of one’s own nothing is found', async () => {
    const fill = (senderId: string, from: number, to: number) =>
      domain.database.sql(
        `insert into message (id, room_id, seq, sender_id, content, nonce, nonce_hash, created_at)
         select gen_random_uuid(), $1, seq, $2, 'Hello', gen_random_uuid(), '', now() from generate_series($3::int, $4::int) seq`,
        [room.id, senderId, from, to],
      )
    await fill(ben.id, 1, 999)
    await fill(ann.id, 1000, 1001)
    expect(await unread(ben)).toEqual([1, 0])
  })
})
