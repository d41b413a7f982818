import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { encodeId } from '../../../src/graphql/ids.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import { createMemoryRates } from '../../../src/store/rates.ts'
import { codeOf } from '../../support/codes.ts'
import { type APerson, aDomain, createDomain, type Domain, nobody } from '../../support/domain.ts'
import { sharedPostgres } from '../../support/postgres.ts'
import { ratesOf } from '../../support/rates.ts'
import { type ARoom, aDirectRoom, aGroup } from '../../support/rooms.ts'
import { describeWith } from '../../support/services.ts'
import { aChannel, aTeam } from '../../support/teams.ts'
import { counted } from '../messages/support.ts'
import { find, say, searchDocument, write } from './support.ts'

describe('searching, on the embedded database', () => {
  searches(aDomain)
})

describeWith(['postgres'], 'searching, on Postgres', () => {
  let domain: Domain | undefined
  searches(async () => {
    domain = await createDomain(await (await sharedPostgres()).createDatabase())
    return domain
  })
  afterAll(() => domain?.database.close())
})

function searches(open: () => Promise<Domain>) {
  let domain: Domain
  let ann: APerson
  let ben: APerson
  let room: ARoom
  beforeAll(async () => {
    domain = await open()
  })
  beforeEach(async () => {
    ann = await domain.aPerson('Ann')
    ben = await domain.aPerson('Ben')
    room = await aGroup(ann, ben)
  })

  describe('finds', () => {
    it.each([
      ['Hello, World!', 'hel wor', '[Hello], [World]!'],
      ['Crème brûlée', 'BRULEE', 'Crème [brûlée]'],
      ['明日東京へ', '東京', '明日[東京]へ'],
      ['明日東京へ', 'へ', '明日東京[へ]'],
      ['안녕하세요 여러분', '하세', '안녕[하세]요 여러분'],
      ['Party 🎉', '🎉', 'Party [🎉]'],
      ['See https://example.org/plans', 'example.org', 'See https://[example].[org]/plans'],
      ["It's o'clock \\ & | !:*()<->", "it's ' \\ & | ! : * ( ) <-> clock", "[It]'[s] o'[clock] \\ & | !:*()<->"],
    ])('%s by %s', async (content, query, highlighted) => {
      await say(ann, room, 'Nothing of that')
      await say(ann, room, content)
      const { contents, highlights } = await find(ben, query)
      expect(contents).toEqual([content])
      expect(highlights[0]!.join().replaceAll('\u{E000}', '[').replaceAll('\u{E001}', ']')).toBe(highlighted)
    })

    it('only what has all the words, each by how it begins', async () => {
      for (const content of ['black tea', 'black coffee', 'teapot, black', 'a blackbird']) await say(ann, room, content)
      expect((await find(ben, 'black te')).contents).toEqual(['teapot, black', 'black tea'])
      expect((await find(ben, 'lack')).contents).toEqual([])
    })

    it('what went the longer way, what was forwarded, and replies in threads; not what a room says of itself', async () => {
      const mentioning = `needle @${ben.handle}`
      const root = await say(ann, room, mentioning)
      await say(ben, room, 'needle in a thread', { threadId: root })
      const other = await aGroup(ben)
      await write(ben, 'forwardMessage', { messageId: root, toRoomId: other.globalId })
      await write(ann, 'updateRoom', { roomId: room.globalId, name: 'needles' })
      expect((await find(ben, 'needle')).contents).toEqual([mentioning, 'needle in a thread', mentioning])
      expect((await find(ben, 'needle', { senderId: ben.globalId })).contents).toEqual([mentioning, 'needle in a thread'])
      expect((await find(ben, 'renamed')).contents).toEqual([])
    })

    it('by the same words which way soever they were said', async () => {
      const content = 'Some words, 言葉 and a @somebody'
      await say(ann, room, content)
      const unsure = domain.as(ann.actor, { sends: { add: async () => ({ outcome: 'unsure' }) } })
      await say({ ...ann, run: unsure }, room, content)
      const words = await domain.database.sql<{ words: string }>('select words::text from message_words where room_id = $1', [room.id])
      expect(words).toHaveLength(2)
      expect(words[0]).toEqual(words[1])
    })

    it('what was edited by what it says now, and what was deleted by nothing', async () => {
      const id = await say(ann, room, 'a needle')
      await write(ann, 'editMessage', { messageId: id, content: 'a pin' })
      expect((await find(ben, 'needle')).contents).toEqual([])
      expect((await find(ben, 'pin')).contents).toEqual(['a pin'])
      await write(ann, 'deleteMessage', { messageId: id })
      expect((await find(ben, 'pin')).contents).toEqual([])
      expect(await domain.database.sql('select from message_words where room_id = $1', [room.id])).toEqual([])
    })

    it('of the rooms that somebody sees: from when they come to when they leave', async () => {
      const cid = await domain.aPerson('Cid')
      await say(ann, room, 'needle')
      expect((await find(cid, 'needle')).contents).toEqual([])
      await write(ann, 'addRoomMember', { roomId: room.globalId, userId: cid.globalId })
      expect((await find(cid, 'needle')).contents).toEqual(['needle'])
      await write(ann, 'removeRoomMember', { roomId: room.globalId, userId: cid.globalId })
      expect((await find(cid, 'needle')).contents).toEqual([])
    })

    it('in archived rooms, and in those of the two of whom one has blocked the other', async () => {
      const direct = await aDirectRoom(ann, ben)
      await say(ann, direct, 'needle for two')
      await say(ann, room, 'needle for all')
      await write(ann, 'archiveRoom', { roomId: room.globalId })
      await write(ben, 'blockUser', { userId: ann.globalId })
      for (const person of [ann, ben]) expect((await find(person, 'needle')).contents).toEqual(['needle for all', 'needle for two'])
    })
  })

  it.each([
    [`क${'\u093c'.repeat(7999)}`, 'क'],
    [`क${'\u093c'.repeat(100)}`.repeat(79), 'क'],
    ['x'.repeat(8000), 'xxx'],
    ['ﷺ'.repeat(8000), 'صلى'],
    [Array.from({ length: 8000 }, (_, index) => String.fromCodePoint(0x20000 + index)).join(''), '\u{20000}\u{20001}'],
  ])('takes whatever can be said, however long and strange (%#)', async (content, query) => {
    await say(ann, room, content)
    const { contents, highlights } = await find(ben, query)
    expect(contents).toEqual([content])
    expect(highlights[0]!.length).toBeGreaterThan(0)
  })

  describe('takes only', () => {
    it('one room', async () => {
      const direct = await aDirectRoom(ann, ben)
      await say(ann, room, 'needle here')
      await say(ann, direct, 'needle there')
      expect((await find(ben, 'needle', { roomId: direct.globalId })).contents).toEqual(['needle there'])
    })

    it('one sender; of nobody there is nothing', async () => {
      await say(ann, room, 'needle of Ann')
      await say(ben, room, 'needle of Ben')
      expect((await find(ben, 'needle', { senderId: ann.globalId })).contents).toEqual(['needle of Ann'])
      for (const senderId of [encodeId('User', uuid()), room.globalId])
        expect((await find(ben, 'needle', { senderId })).contents).toEqual([])
    })

    it('one time: from its beginning, and up to its end', async () => {
      for (const content of ['needle 1', 'needle 2', 'needle 3', 'needle 4']) await say(ann, room, content)
      const days = ['2024-02-01', '2024-02-02', '2024-02-03', '2024-02-04']
      for (const [index, day] of days.entries()) await moveTo(`needle ${index + 1}`, `${day}T00:00:00Z`)
      const { contents } = await find(ben, 'needle', { from: '2024-02-02T00:00:00Z', to: '2024-02-04T00:00:00Z' })
      expect(contents).toEqual(['needle 3', 'needle 2'])
      expect((await find(ben, 'needle', { from: '2024-02-04T00:00:00.001Z' })).contents).toEqual([])
      expect((await find(ben, 'needle', { from: '2024-02-02T00:00:00Z', to: '2024-02-02T00:00:00Z' })).contents).toEqual([])
      expect((await find(ben, 'needle', { from: '0001-01-01T00:00:00Z', to: '9999-12-31T23:59:59Z' })).contents).toHaveLength(4)
      const page = await find(ben, 'needle', { first: 1, to: '2024-02-04T00:00:00Z' })
      const next = await find(ben, 'needle', { after: page.pageInfo.endCursor, to: '2024-02-04T00:00:00Z' })
      expect([page.contents, next.contents]).toEqual([['needle 3'], ['needle 2', 'needle 1']])
    })
  })

  it('reads page by page, newest first, whatever is said, deleted and edited meanwhile', async () => {
    const other = await aDirectRoom(ann, ben)
    const ids: string[] = []
    for (let number = 0; number < 12; number++) ids.push(await say(ann, number % 3 === 0 ? other : room, `needle ${number}`))
    // Some of them at the same moment.
    await domain.database.sql(`update message set created_at = date_trunc('minute', created_at) where room_id = any($1::uuid[])`, [
      [room.id, other.id],
    ])
    await domain.database.sql(`update message_words set at = date_trunc('minute', at) where room_id = any($1::uuid[])`, [
      [room.id, other.id],
    ])
    const whole = await find(ben, 'needle', { first: 100 })
    expect(whole.contents).toHaveLength(12)
    const read: string[] = []
    let after: string | null = null
    for (let page = 0; page < 4; page++) {
      const { contents, pageInfo } = await find(ben, 'needle', { first: 3, after })
      expect(pageInfo).toMatchObject({ hasNextPage: page < 3, hasPreviousPage: page > 0 })
      read.push(...contents)
      after = pageInfo.endCursor
      await say(ann, room, `needle after ${page}`)
      // The one whose place the next page begins at.
      await write(ann, 'deleteMessage', { messageId: ids[Number(contents.at(-1)!.split(' ')[1])]! })
    }
    expect(read).toEqual(whole.contents)
    expect(await find(ben, 'needle', { after })).toMatchObject({ contents: [], pageInfo: { hasNextPage: false, endCursor: null } })
  })

  it('takes four statements, in however many rooms it finds something, and none where there is nothing to look for', async () => {
    const team = await aTeam(ann, ben)
    const channel = await aChannel(team, ann)
    const asking = async (query: string) => {
      const database = counted(domain.database)
      const document = 'query ($query: String!) { searchMessages(query: $query) { edges { highlights node { content createdAt } } } }'
      expect(codeOf(await domain.as(ben.actor, { database })(document, { query }))).toBeUndefined()
      return database.statements.length
    }
    await say(ann, room, 'needle')
    await say(ann, channel, 'needle in a channel that Ben only sees')
    // What was found; and whether its rooms may be seen: what rooms they are, memberships of them, and of their teams.
    const few = await asking('needle')
    for (const where of [await aGroup(ann, ben), await aDirectRoom(ann, ben), team.general]) await say(ann, where, 'needle')
    expect([few, await asking('needle'), await asking('!')]).toEqual([4, 4, 0])
  })

  it('finds nothing where there is nothing to look for', async () => {
    await say(ann, room, '!!! ... &')
    for (const query of ['!', '& | ! : * \' " ( ) <-> \\', '… — «»', '\u{E000}', '\u200b'])
      expect((await find(ben, query)).contents).toEqual([])
    expect((await find(await domain.aPerson('Alone'), 'needle')).contents).toEqual([])
  })

  describe('refuses', () => {
    const refusal = async (person: APerson, variables: Record<string, unknown>) => {
      const { data, errors } = await person.run(searchDocument, { query: 'needle', ...variables })
      expect(data ?? null).toBeNull()
      return errors![0]!.extensions
    }

    it.each([
      ['query', { query: '' }],
      ['query', { query: ' \n\t' }],
      ['query', { query: 'x'.repeat(201) }],
      ['query', { query: 'x '.repeat(5000) }],
      ['query', { query: "a\0' | 'b" }],
      ['query', { query: 'half \ud83d' }],
      ['from', { from: '2026-01-02T00:00:00Z', to: '2026-01-01T00:00:00Z' }],
      ['first', { first: 0 }],
      ['first', { first: 101 }],
      ['after', { after: 'nonsense' }],
      ['after', { after: Buffer.from(`1.${uuid()}' or true`).toString('base64url') }],
      ['roomId', { roomId: 'nonsense' }],
      ['senderId', { senderId: 'nonsense' }],
    ])('by the field %s: %j', async (field, variables) => {
      expect(await refusal(ann, variables)).toEqual({ code: 'BAD_USER_INPUT', field })
    })

    it('takes as many characters as it says', async () => {
      await say(ann, room, 'x'.repeat(300))
      expect((await find(ben, 'x'.repeat(200))).contents).toHaveLength(1)
      expect((await find(ben, '👍'.repeat(200))).contents).toEqual([])
    })

    it('rooms that are not there, or not to be seen', async () => {
      const secret = await aGroup(await domain.aPerson('Cid'))
      const team = await aTeam(await domain.aPerson('Dee'))
      const claims = [secret.globalId, team.general.globalId, encodeId('GroupRoom', uuid()), encodeId('DirectRoom', room.id), ann.globalId]
      for (const roomId of claims) expect(await refusal(ann, { roomId })).toEqual({ code: 'NOT_FOUND' })
    })

    it('those who have not signed in', async () => {
      expect(codeOf(await domain.as(nobody)(searchDocument, { query: 'needle' }))).toBe('UNAUTHENTICATED')
    })

    it('more searches than a person may make a minute, and nobody else', async () => {
      const rates = createMemoryRates(ratesOf({ searchPerMinute: 2 }))
      const searching = ({ actor }: APerson) => domain.as(actor, { rates })(searchDocument, { query: 'needle' })
      expect([await searching(ann), await searching(ann), await searching(ann), await searching(ben)].map(codeOf)).toEqual([
        undefined,
        undefined,
        'RATE_LIMITED',
        undefined,
      ])
    })

    it('answers that are too long', async () => {
      const limits = { ...domain.services.limits, answerCharacters: 200 }
      for (let number = 0; number < 3; number++) await say(ann, room, `needle ${'hay '.repeat(40)}`)
      const query = 'query { searchMessages(query: "needle") { edges { highlights } } }'
      expect(codeOf(await domain.as(ann.actor, { limits })(query))).toBe('QUERY_TOO_COMPLEX')
    })
  })

  /** As if it had been said then. */
  async function moveTo(content: string, at: string): Promise<void> {
    const { sql } = domain.database
    const [moved] = await sql<{ id: string; room_id: string }>(
      'update message set created_at = $3 where room_id = $1 and content = $2 returning id, room_id',
      [room.id, content, at],
    )
    await sql('update message_words set at = $3 where room_id = $1 and message_id = $2', [moved!.room_id, moved!.id, at])
  }
}
