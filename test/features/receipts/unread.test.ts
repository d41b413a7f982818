import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { countUnread } from '../../../src/features/receipts/unread.ts'
import { type APerson, aDomain, type Domain } from '../../support/domain.ts'
import { type ARoom, aGroup } from '../../support/rooms.ts'
import { aChannel, aTeam } from '../../support/teams.ts'
import { counted } from '../messages/support.ts'
import { act, join, leave, say } from './support.ts'

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
