import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { encodeId } from '../../../src/graphql/ids.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import { createTransact } from '../../../src/store/transact.ts'
import { codeOf } from '../../support/codes.ts'
import { type APerson, aDomain, type Domain, nobody } from '../../support/domain.ts'
import { type ARoom, aDirectRoom, aGroup } from '../../support/rooms.ts'
import { showEvent } from '../../support/show-event.ts'
import { aChannel, aTeam } from '../../support/teams.ts'
import { counted } from '../messages/support.ts'
import { heard } from '../teams/support.ts'
import { act, join, leave, mark, markOf, say, trying } from './support.ts'

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

const movesOf = (person: APerson, roomId = room.id) =>
  domain.database.sql<{ seq: number }>('select seq from read_move where room_id = $1 and user_id = $2 order by seq', [roomId, person.id])

describe('marking as read', () => {
  it('moves the mark to the message, and answers it with what is still unread', async () => {
    await say(ann, room, 'One')
    const two = await say(ann, room, 'Two')
    await say(ann, room, 'Three')
    const selection = 'readMark { id seq user { id } } room { id unreadCount firstUnreadMessage { content } } viewer { unread { rooms } }'
    expect(await act(ben, 'markRead', { roomId: room.globalId, messageId: two }, selection)).toMatchObject({
      readMark: { seq: 2, user: { id: ben.globalId } },
      room: { id: room.globalId, unreadCount: 1, firstUnreadMessage: { content: 'Three' } },
      viewer: { unread: { rooms: 1 } },
    })
    expect(await markOf(domain, ben, room)).toBe(2)
    expect(await markOf(domain, ann, room)).toBe(0)
  })

  it('reads up to a reply in a thread, too, and to what was deleted', async () => {
    const threadId = await say(ann, room, 'Lunch?')
    expect(await mark(ben, room, await say(ann, room, 'At noon', { threadId }))).toBe(2)
    const messageId = await say(ann, room, 'Oops')
    await act(ann, 'deleteMessage', { messageId })
    // Between them the room was told of the first.
    expect(await mark(ben, room, messageId)).toBe(4)
  })

  it('never moves back, and is no error: the mark is answered as it stands, and nobody hears of it', async () => {
    const one = await say(ann, room, 'One')
    const two = await say(ann, room, 'Two')
    await mark(ben, room, two)
    const appended = await heard(domain, async () => {
      expect(await mark(ben, room, one)).toBe(2)
      expect(await mark(ben, room, two)).toBe(2)
    })
    expect([appended(room.id), appended(ben.id)]).toEqual([[], []])
    expect(await markOf(domain, ben, room)).toBe(2)
  })

  it('tells the room and the other devices', async () => {
    const messageId = await say(ann, room, 'One')
    const appended = await heard(domain, () => mark(ben, room, messageId))
    const { id } = await domain.database.prisma.readMark.findUniqueOrThrow({
      where: { roomId_userId: { roomId: room.id, userId: ben.id } },
    })
    expect(appended(room.id)).toEqual([{ type: 'ReadMarksMoved', data: { memberIds: [id], userIds: [ben.id] } }])
    expect(appended(ben.id)).toEqual([{ type: 'ReadMarkMoved', data: { roomId: room.id, seq: 1 } }])
  })

  it('is no activity: the room stays where it is in the list', async () => {
    const messageId = await say(ann, room, 'One')
    const activeAt = async () => (await domain.database.prisma.stream.findUniqueOrThrow({ where: { id: room.id } })).activeAt
    const before = await activeAt()
    await mark(ben, room, messageId)
    expect((await domain.services.log.after(room.id, 1, 10)).map(({ type }) => type)).toEqual(['ReadMarksMoved'])
    expect(await activeAt()).toEqual(before)
  })

  it('moves no mark of who sends', async () => {
    await say(ann, room, 'One')
    await say(ben, room, 'Two')
    expect(await markOf(domain, ben, room)).toBe(0)
  })

  it('goes on in an archived room, for the muted, and between two of whom one has blocked the other', async () => {
    const messageId = await say(ann, room, 'One')
    await act(ann, 'muteMember', { roomId: room.globalId, userId: ben.globalId, until: '2100-01-01T00:00:00Z' })
    await act(ann, 'archiveRoom', { roomId: room.globalId })
    expect(await mark(ben, room, messageId)).toBe(1)
    const foe = await domain.aPerson('Foe')
    const direct = await aDirectRoom(ann, foe)
    const last = await say(ann, direct, 'Hello')
    await act(foe, 'blockUser', { userId: ann.globalId })
    expect(await mark(foe, direct, last)).toBe(1)
  })

  it('starts where the room stands for who comes, and for who comes back', async () => {
    const messageId = await say(ann, room, 'One')
    await join(ann, room, cid)
    const head = async () => (await domain.services.log.head(room.id))!
    expect(await markOf(domain, cid, room)).toBe(await head())
    expect(await mark(cid, room, messageId)).toBe(await head())
    await leave(cid, room)
    await say(ann, room, 'Two')
    await join(ann, room, cid)
    expect(await markOf(domain, cid, room)).toBe(await head())
  })

  it('gives a member without a mark one', async () => {
    const messageId = await say(ann, room, 'One')
    await domain.database.prisma.readMark.deleteMany({ where: { roomId: room.id } })
    expect(await mark(ben, room, messageId)).toBe(1)
  })
})

describe('marking as read is refused', () => {
  const refusal = async (person: APerson, roomId: string, messageId: string) => {
    const { errors } = await trying(person, 'markRead', { roomId, messageId })
    return { ...errors?.[0]?.extensions, sentence: errors?.[0]?.message }
  }

  it('to strangers, to who has left, and without a room, in the same words', async () => {
    const messageId = await say(ann, room, 'One')
    await join(ann, room, cid)
    await leave(cid, room)
    const nothing = { code: 'NOT_FOUND', sentence: 'There is no such room, or you may not see it.' }
    expect(await refusal(cid, room.globalId, messageId)).toEqual(nothing)
    expect(await refusal(await domain.aPerson(), room.globalId, messageId)).toEqual(nothing)
    expect(await refusal(ann, encodeId('GroupRoom', uuid()), messageId)).toEqual(nothing)
    expect(await refusal(ann, messageId, messageId)).toEqual(nothing)
  })

  it('to who sees a public channel without being in it', async () => {
    const team = await aTeam(ann, ben)
    const channel = await aChannel(team, ann)
    const messageId = await say(ann, channel, 'News')
    expect(await refusal(ben, channel.globalId, messageId)).toEqual({
      code: 'FORBIDDEN',
      sentence: 'Only who is in a channel marks it as read: join it first.',
    })
    expect(await domain.database.prisma.readMark.count({ where: { roomId: channel.id } })).toBe(1)
  })

  it('for a message of another room, none, and the id of something else', async () => {
    const elsewhere = await say(ann, await aGroup(ann, ben), 'Elsewhere')
    const nothing = { code: 'NOT_FOUND', sentence: 'There is no such message, or you may not see it.' }
    for (const id of [elsewhere, encodeId('Message', uuid()), room.globalId]) expect(await refusal(ben, room.globalId, id)).toEqual(nothing)
    expect(await markOf(domain, ben, room)).toBe(0)
  })

  it('for what is no id, and names the field', async () => {
    const messageId = await say(ann, room, 'One')
    expect(await refusal(ben, room.globalId, 'nonsense')).toMatchObject({ code: 'BAD_USER_INPUT', field: 'messageId' })
    expect(await refusal(ben, 'nonsense', messageId)).toMatchObject({ code: 'BAD_USER_INPUT', field: 'roomId' })
  })

  it('to nobody signed in', async () => {
    const document = 'mutation ($input: MarkReadInput!) { markRead(input: $input) { readMark { seq } } }'
    const input = { roomId: room.globalId, messageId: room.globalId }
    expect(codeOf(await domain.as(nobody)(document, { input }))).toBe('UNAUTHENTICATED')
  })
})

describe('a mark costs', () => {
  const statements = async (...messageIds: string[]) => {
    const database = counted(domain.database)
    const transact: typeof domain.services.transact = (streams, work, options) => {
      database.statements.push(`lock ${[...streams].sort().join()}`)
      return domain.services.transact(streams, work, options)
    }
    const run = domain.as(ben.actor, { database, transact })
    // What never changes of the room is known.
    await run('query ($id: ID!) { room(id: $id) { kind } }', { id: room.globalId })
    database.statements.length = 0
    for (const messageId of messageIds) await mark({ ...ben, run }, room, messageId)
    return database.statements.map((text) => text.split(' ', 2).join(' '))
  }

  it('one statement where it does not move', async () => {
    const messageId = await say(ann, room, 'One')
    await mark(ben, room, messageId)
    expect(await statements(messageId, messageId)).toEqual(['select r.kind,', 'select r.kind,'])
  })

  it('one before, and a transaction that holds the own inbox alone, unless the room is due to be told', async () => {
    const [one, two] = [await say(ann, room, 'One'), await say(ann, room, 'Two')]
    const both = [room.id, ben.id].sort().join()
    expect(await statements(one, two)).toEqual(['select r.kind,', `lock ${both}`, 'select r.kind,', `lock ${ben.id}`])
  })

  it('in its transaction: the lock, what decides, the mark and its move, the event; one more where the room is told', async () => {
    const messageIds = [await say(ann, room, 'One'), await say(ann, room, 'Two')]
    const log: string[] = []
    const prisma = domain.database.prisma.$extends({
      query: {
        $allOperations: ({ args, operation, query }) => {
          log.push(operation)
          return query(args)
        },
      },
    }) as unknown as typeof domain.database.prisma
    const transact = createTransact({ ...domain.database, prisma }, () => {})
    for (const messageId of messageIds) {
      await mark({ ...ben, run: domain.as(ben.actor, { transact }) }, room, messageId)
      log.push('committed')
    }
    const [lock, read, write, tell, append] = ['$queryRaw', '$queryRawUnsafe', '$executeRaw', '$queryRawUnsafe', '$executeRaw']
    expect(log).toEqual([lock, read, write, tell, append, 'committed', lock, read, write, append, 'committed'])
  })
})

describe('the mark of a member', () => {
  const marks = 'readMarks { id seq at user { name } }'
  const shown = async (person: APerson, selection: string, run = person.run) =>
    (await run<{ room: object }>(`query ($id: ID!) { room(id: $id) { ${selection} } }`, { id: room.globalId })).data!.room

  it('is shown to the others, who has been there longest first', async () => {
    await join(ann, room, cid)
    await mark(ben, room, await say(ann, room, 'One'))
    const { readMarks } = (await shown(ann, marks)) as { readMarks: { seq: number; user: { name: string } }[] }
    expect(readMarks.map(({ user, seq }) => `${user.name} ${seq}`).slice(-1)).toEqual(['Cid 2'])
    expect(readMarks.map(({ user, seq }) => `${user.name} ${seq}`).sort()).toEqual(['Ann 0', 'Ben 3', 'Cid 2'])
  })

  it('has the same id wherever it is shown', async () => {
    await mark(ben, room, await say(ann, room, 'One'))
    const { readMarks, mine } = (await shown(ben, `${marks} mine: viewerMembership { readMark { id seq } }`)) as never as {
      readMarks: { id: string; seq: number }[]
      mine: { readMark: object }
    }
    expect(readMarks).toContainEqual(expect.objectContaining(mine.readMark))
    expect(mine.readMark).toMatchObject({ seq: 1 })
  })

  it('is gone with the member, and there with who comes back', async () => {
    const names = async () =>
      ((await shown(ann, marks)) as { readMarks: { user: { name: string } }[] }).readMarks.map(({ user }) => user.name)
    await leave(ben, room)
    expect(await names()).toEqual(['Ann'])
    await join(ann, room, ben)
    expect(await names()).toEqual(['Ann', 'Ben'])
  })

  it('shows in an archived room', async () => {
    await mark(ben, room, await say(ann, room, 'One'))
    await act(ann, 'archiveRoom', { roomId: room.globalId })
    expect(await shown(ann, 'readMarks { seq }')).toEqual({ readMarks: expect.arrayContaining([{ seq: 1 }]) })
  })

  it('stays with a closed account in a direct room, as the room does', async () => {
    const guest = await domain.aPerson('Guest')
    room = await aDirectRoom(ann, guest)
    await mark(guest, room, await say(ann, room, 'One'))
    const password = 'correct horse'
    const passwordHash = await domain.services.passwords.hash(password)
    await domain.database.prisma.account.update({ where: { userId: guest.id }, data: { passwordHash } })
    await act(guest, 'deleteAccount', { password })
    const { readMarks } = (await shown(ann, marks)) as { readMarks: { seq: number; user: { name: string } }[] }
    expect(readMarks.map(({ user, seq }) => `${user.name} ${seq}`).sort()).toEqual(['Ann 0', 'Deleted account 1'])
  })

  it('is read for many rooms in one statement', async () => {
    const database = counted(domain.database)
    const guest = await domain.aPerson()
    for (let i = 0; i < 3; i++) await aGroup(guest, ben)
    const document = '{ viewer { rooms { nodes { readMarks { seq } } } } }'
    const { data } = await domain.as(guest.actor, { database })<{ viewer: { rooms: { nodes: { readMarks: object[] }[] } } }>(document)
    expect(data!.viewer.rooms.nodes.map(({ readMarks }) => readMarks.length)).toEqual([2, 2, 2])
    expect(database.statements.filter((text) => text.includes('read_mark'))).toHaveLength(1)
  })

  describe('in a room of more than 100', () => {
    beforeEach(async () => {
      await domain.database.sql('update room set member_count = 101 where id = $1', [room.id])
    })

    it('is shown to nobody else, and no move is kept', async () => {
      const messageId = await say(ann, room, 'One')
      const appended = await heard(domain, () => mark(ben, room, messageId))
      expect(appended(room.id)).toEqual([])
      expect(appended(ben.id)).toEqual([{ type: 'ReadMarkMoved', data: { roomId: room.id, seq: 1 } }])
      expect(await movesOf(ben)).toEqual([])
      expect(await shown(ann, 'readMarks { seq }')).toEqual({ readMarks: [] })
      const members = 'members { nodes { user { name } readMark { seq } } }'
      expect(await shown(ben, members)).toEqual({
        members: {
          nodes: expect.arrayContaining([
            { user: { name: 'Ann' }, readMark: null },
            { user: { name: 'Ben' }, readMark: { seq: 1 } },
          ]),
        },
      })
    })

    it('is kept from who hears of it only now, since the room has grown', async () => {
      const messageId = await say(ann, room, 'One')
      await domain.database.sql('update room set member_count = 100 where id = $1', [room.id])
      const before = domain.rung.length
      await mark(ben, room, messageId)
      await domain.database.sql('update room set member_count = 101 where id = $1', [room.id])
      const event = domain.rung.slice(before).find(({ type }) => type === 'ReadMarksMoved')!
      const { data } = await showEvent(
        domain,
        ann.actor,
        `subscription { roomEvents(roomId: "${room.globalId}") { ... on ReadMarksMoved { readMarks { seq } } } }`,
        event,
      )
      expect(data).toEqual({ roomEvents: { readMarks: [] } })
    })
  })
})
