import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { codeOf } from '../../support/codes.ts'
import { type APerson, createDomain, type Domain } from '../../support/domain.ts'
import { sharedPostgres } from '../../support/postgres.ts'
import { type ARoom, aGroup } from '../../support/rooms.ts'
import { describeWith } from '../../support/services.ts'
import { aChannel, aTeam } from '../../support/teams.ts'
import { until } from '../../support/until.ts'
import { sayIn } from './support.ts'

describeWith(['postgres'], 'mentions on two nodes at once', () => {
  let nodes: [Domain, Domain]
  let ann: APerson
  let ben: APerson
  let cid: APerson
  beforeAll(async () => {
    const url = await (await sharedPostgres()).createDatabase()
    nodes = [await createDomain(url), await createDomain(url)]
  })
  afterAll(() => Promise.all((nodes ?? []).map(({ database }) => database.close())))
  beforeEach(async () => {
    ;[ann, ben, cid] = [await nodes[0].aPerson('Ann'), await nodes[0].aPerson('Ben'), await nodes[1].aPerson('Cid')]
  })

  /** The same person, on the other node. */
  const there = (person: APerson): APerson => ({ ...person, run: nodes[1].as(person.actor) })
  const at = (...people: APerson[]) => people.map(({ handle }) => `@${handle}`).join(' ')
  const inboxOf = async ({ id }: APerson) => nodes[0].services.log.after(id, 0, 200)
  const typesIn = async (person: APerson) => (await inboxOf(person)).map(({ type }) => type)
  const edit = (person: APerson, id: string, content: string) =>
    person.run('mutation ($id: ID!, $content: String!) { editMessage(input: { messageId: $id, content: $content }) { message { id } } }', {
      id,
      content,
    })
  const change = (verb: string, actor: APerson, room: ARoom, person: APerson) =>
    actor.run(`mutation { ${verb}(input: { roomId: "${room.globalId}", userId: "${person.globalId}" }) { room { id } } }`)
  async function mentionsIn(room: ARoom): Promise<string[][]> {
    const { data } = await ann.run<{ room: { messages: { nodes: { kind: string; mentions: { name: string }[] }[] } } }>(
      'query ($id: ID!) { room(id: $id) { messages(last: 100) { nodes { kind mentions { name } } } } }',
      { id: room.globalId },
    )
    return data!.room.messages.nodes.filter(({ kind }) => kind === 'TEXT').map(({ mentions }) => mentions.map(({ name }) => name))
  }
  const isWaiting = async () => {
    const rows = await nodes[0].database.sql(
      `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%for no key update%'`,
      [],
    )
    return rows.length > 0
  }

  /** What is begun while `streams` are held, and finds what `work` did there in the meantime. */
  async function overtaken<Result>(
    streams: string[],
    work: (rows: Domain['database']['prisma']) => Promise<unknown>,
    begin: () => Promise<Result>,
  ) {
    let begun: Promise<Result> | undefined
    await nodes[0].services.transact(streams, async ({ rows }) => {
      begun = begin()
      await until(isWaiting, { what: 'somebody who waits for what is held' })
      await work(rows as Domain['database']['prisma'])
    })
    return begun!
  }

  it('who has left by the time the room is free is not mentioned, by what is sent or edited', async () => {
    const room = await aGroup(ann, ben, cid)
    const { id } = await sayIn(ann, room, 'Nobody')
    const isLeft = (leftAt: Date | null) => (rows: Domain['database']['prisma']) =>
      rows.roomMember.update({ where: { roomId_userId: { roomId: room.id, userId: ben.id } }, data: { leftAt } })
    const sent = await overtaken([room.id], isLeft(new Date()), () => sayIn(there(ann), room, at(ben, cid)))
    expect(sent.seq).toBe(2)
    await isLeft(null)(nodes[0].database.prisma)
    expect(codeOf(await overtaken([room.id], isLeft(new Date()), () => edit(there(ann), id, at(ben, cid))))).toBeUndefined()
    expect(await mentionsIn(room)).toEqual([['Cid'], ['Cid']])
    expect(await typesIn(ben)).toEqual(['RoomAdded'])
    expect(await typesIn(cid)).toEqual(['RoomAdded', 'Mentioned', 'Mentioned'])
  })

  it('who has lost the team by the time their inbox is free is not mentioned in its public channel', async () => {
    const team = await aTeam(ann, ben)
    const channel = await aChannel(team, ann)
    const before = await typesIn(ben)
    const lost = (rows: Domain['database']['prisma']) =>
      rows.teamMember.update({ where: { teamId_userId: { teamId: team.id, userId: ben.id } }, data: { leftAt: new Date() } })
    await overtaken([ben.id], lost, () => sayIn(there(ann), channel, at(ben)))
    expect(await mentionsIn(channel)).toEqual([[]])
    expect(await typesIn(ben)).toEqual(before)
  })

  it('who comes in meanwhile was not there when it was said: they are not mentioned, and nothing fails', async () => {
    const room = await aGroup(ann, cid)
    const come = (rows: Domain['database']['prisma']) =>
      rows.roomMember.create({ data: { id: ben.id, roomId: room.id, userId: ben.id, role: 'MEMBER', joinedAt: new Date() } })
    await overtaken([room.id], come, () => sayIn(there(ann), room, at(ben, cid)))
    expect(await mentionsIn(room)).toEqual([['Cid']])
    expect(await typesIn(ben)).toEqual([])
  })

  it('being removed comes after being mentioned, with the right to see it, or there is no mention', async () => {
    for (let round = 0; round < 15; round++) {
      const room = await aGroup(ann, ben, cid)
      const { id } = await sayIn(cid, room, 'Nobody')
      const before = (await inboxOf(ben)).length
      const answers = await Promise.all([
        edit(there(cid), id, at(ben)),
        sayIn(there(cid), room, at(ben)).then(() => ({})),
        change('removeRoomMember', ann, room, ben),
      ])
      expect(answers.map(codeOf)).toEqual([undefined, undefined, undefined])
      const events = (await inboxOf(ben)).slice(before)
      const mentioning = (await mentionsIn(room)).flat().length
      expect(events.map(({ type }) => type)).toEqual([...Array(mentioning).fill('Mentioned'), 'RoomRemoved'])
      // And in the room: what mentions them lies before their going.
      const log = await nodes[0].services.log.after(room.id, 0, 20)
      const left = log.findIndex(({ type }) => type === 'MemberLeft')
      expect(log.slice(left).filter(({ data }) => data.hasMentions)).toEqual([])
    }
  })

  it('one nonce on both is one message, heard of once by each', async () => {
    const room = await aGroup(ann, ben, cid)
    const said = await Promise.all(
      Array.from({ length: 10 }, (_, turn) => sayIn(turn % 2 ? ann : there(ann), room, `Hello ${at(ben, cid)}`, 'n')),
    )
    expect(new Set(said.map(({ id }) => id)).size).toBe(1)
    expect(await mentionsIn(room)).toEqual([['Ben', 'Cid']])
    for (const person of [ben, cid]) expect(await typesIn(person)).toEqual(['RoomAdded', 'Mentioned'])
  })

  it('edits of one message leave it with the mentions of the last, each told as often as they were newly named', async () => {
    const room = await aGroup(ann, ben, cid)
    for (let round = 0; round < 5; round++) {
      const { id } = await sayIn(ann, room, 'Nobody')
      const texts = [at(ben), at(cid), at(cid, ben), 'Nobody at all', `Well, ${at(ben)}`]
      const answers = await Promise.all(texts.map((text, turn) => edit(turn % 2 ? ann : there(ann), id, text)))
      expect(answers.map(codeOf)).toEqual(texts.map(() => undefined))
      const { data } = await ann.run<{ message: { content: string; mentions: { handle: string }[]; edits: { content: string }[] } }>(
        'query ($id: ID!) { message(id: $id) { content mentions { handle } edits { content } } }',
        { id },
      )
      const named = (text: string) => [...text.matchAll(/@(\w+)/g)].map(([, handle]) => handle!)
      const { content, mentions, edits } = data!.message
      expect(mentions.map(({ handle }) => handle)).toEqual(named(content))
      // In the order in which they were made.
      const contents = [content, ...edits.map((one) => one.content)].reverse().map(named)
      for (const { id: personId, handle } of [ben, cid]) {
        const times = contents.filter((names, index) => names.includes(handle) && !contents[index - 1]?.includes(handle)).length
        const messageId = Buffer.from(id, 'base64url').toString().split(':')[1]
        const events = await nodes[0].services.log.after(personId, 0, 200)
        expect(events.filter(({ type, data }) => type === 'Mentioned' && data.messageId === messageId)).toHaveLength(times)
      }
    }
  })

  it('everybody mentions everybody, in whatever order, and all get through', async () => {
    const people = await Promise.all(Array.from({ length: 6 }, (_, number) => nodes[number % 2]!.aPerson(`Person ${number}`)))
    const rooms = [await aGroup(people[0]!, ...people.slice(1)), await aGroup(people[1]!, people[0]!, ...people.slice(2))]
    await Promise.all(
      Array.from({ length: 60 }, (_, turn) => {
        const others = people.toSpliced(turn % 6, 1)
        const sender = people[turn % 6]!
        return sayIn(turn % 4 < 2 ? sender : there(sender), rooms[turn % 2]!, at(...(turn % 3 ? others : others.reverse())))
      }),
    )
    for (const person of people) {
      const events = await inboxOf(person)
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1))
      expect(events.filter(({ type }) => type === 'Mentioned')).toHaveLength(50)
    }
  })
})
