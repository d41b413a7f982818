import { afterAll, beforeAll, expect, it } from 'vitest'
import { codeOf } from '../../support/codes.ts'
import { type APerson, createDomain, type Domain } from '../../support/domain.ts'
import { sharedPostgres } from '../../support/postgres.ts'
import type { ARoom } from '../../support/rooms.ts'
import { describeWith } from '../../support/services.ts'
import { type ATeam, aChannel, addToTeam, aTeam } from '../../support/teams.ts'

describeWith(['postgres'], 'channels on two nodes at once', () => {
  let nodes: [Domain, Domain]
  /** Lead of the team, and member. */
  let ann: APerson
  let ben: APerson
  let team: ATeam
  beforeAll(async () => {
    const url = await (await sharedPostgres()).createDatabase()
    nodes = [await createDomain(url), await createDomain(url)]
    ;[ann, ben] = [await nodes[0].aPerson('Ann'), await nodes[1].aPerson('Ben')]
    team = await aTeam(ann, ben)
  })
  afterAll(() => Promise.all((nodes ?? []).map(({ database }) => database.close())))

  /** The same person, signed in on each node in turn. */
  const on = (turn: number, person: APerson): APerson => ({ ...person, run: nodes[turn % 2]!.as(person.actor) })
  const times = <Result>(count: number, work: (turn: number) => Promise<Result>) =>
    Promise.all(Array.from({ length: count }, (_, turn) => work(turn)))
  const rounds = async (count: number, work: (round: number) => Promise<void>) => {
    for (let round = 0; round < count; round++) await work(round)
  }
  const eventsOf = (streamId: string, after = 0) => nodes[0].services.log.after(streamId, after, 500)
  const typesOf = async (streamId: string, after = 0) => (await eventsOf(streamId, after)).map(({ type }) => type)
  const headOf = async (streamId: string) => (await nodes[0].services.log.head(streamId))!
  const countOf = (types: readonly string[], wanted: string) => types.filter((type) => type === wanted).length
  const say = (person: APerson, room: ARoom, content: string, nonce?: string) =>
    person.run<{ sendMessage: { message: { id: string } } }>(
      'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id } } }',
      { input: { roomId: room.globalId, content, ...(nonce && { nonce }) } },
    )
  const ofRoom = (verb: string, person: APerson, room: ARoom) =>
    person.run(`mutation { ${verb}(input: { roomId: "${room.globalId}" }) { room { id } } }`)
  const join = (person: APerson, room: ARoom) =>
    person.run(`mutation { joinChannel(input: { channelId: "${room.globalId}" }) { member { id } } }`)
  const leave = (person: APerson, room: ARoom) =>
    person.run(`mutation { removeRoomMember(input: { roomId: "${room.globalId}", userId: "${person.globalId}" }) { memberId } }`)
  const removeFromTeam = (person: APerson, other: APerson) =>
    person.run(`mutation { removeTeamMember(input: { teamId: "${team.globalId}", userId: "${other.globalId}" }) { memberId } }`)

  it('ten messages of somebody who is not in it, and joinChannel beside them, make one member, and nothing is said before', async () => {
    await rounds(3, async () => {
      const room = await aChannel(team, ann)
      const inbox = await headOf(ben.id)
      const answers = await times(12, (turn) => (turn % 6 === 5 ? join(on(turn, ben), room) : say(on(turn, ben), room, `${turn}`)))
      expect(answers.map(codeOf)).toEqual(Array(12).fill(undefined))
      const types = await typesOf(room.id)
      expect(types[0]).toBe('MemberJoined')
      expect(countOf(types, 'MemberJoined')).toBe(1)
      expect(countOf(types, 'MessageAdded')).toBe(11)
      expect(await typesOf(ben.id, inbox)).toEqual(['RoomAdded'])
      const { memberCount } = await nodes[0].database.prisma.room.findUniqueOrThrow({ where: { id: room.id } })
      expect(memberCount).toBe(2)
    })
  }, 60_000)

  it('one nonce says one thing, and joins once, wherever it is sent from', async () => {
    const room = await aChannel(team, ann)
    const answers = await times(10, (turn) => say(on(turn, ben), room, `Says ${turn % 2}`, 'same'))
    const said = answers.flatMap(({ data }) => (data ? [data.sendMessage.message.id] : []))
    expect(said).toHaveLength(5)
    expect(new Set(said).size).toBe(1)
    expect(answers.map(codeOf).filter((code) => code !== undefined)).toEqual(Array(5).fill('CONFLICT'))
    expect(await typesOf(room.id)).toEqual(['MemberJoined', 'MessageAdded', 'MessageAdded'])
  })

  it('one nonce makes one channel, which the team hears of once', async () => {
    const head = await headOf(team.id)
    const document = `mutation ($input: CreateChannelInput!) { createChannel(input: $input) { channel { id } } }`
    const input = { teamId: team.globalId, name: 'Once', nonce: 'once' }
    const made = await times(10, (turn) => on(turn, ben).run<{ createChannel: { channel: { id: string } } }>(document, { input }))
    expect(new Set(made.map(({ data }) => data!.createChannel.channel.id)).size).toBe(1)
    expect(await typesOf(team.id, head)).toEqual(['ChannelAdded'])
  })

  it('after RoomArchived nobody says, joins or changes anything, also who was just doing it', async () => {
    const codes = new Set<unknown>()
    await rounds(8, async (round) => {
      const room = await aChannel(team, ann)
      const answers = await Promise.all([
        times(6, (turn) => say(on(turn, ann), room, `Ann ${turn}`)),
        times(6, (turn) => say(on(turn, ben), room, `Ben ${turn}`)),
        round % 2 ? join(on(0, ben), room) : say(on(1, ben), room, `To @${ann.handle}`),
        ann.run(`mutation { updateRoom(input: { roomId: "${room.globalId}", topic: "Last" }) { room { id } } }`),
        say(on(round, ann), room, 'First').then(() => ofRoom('archiveRoom', on(round, ann), room)),
      ])
      for (const answer of answers.flat()) codes.add(codeOf(answer))
      expect((await typesOf(room.id)).at(-1)).toBe('RoomArchived')
      const late = await Promise.all([say(on(0, ann), room, 'Late'), say(on(1, ben), room, 'Late'), join(on(1, await newcomer()), room)])
      expect(late.map(codeOf)).toEqual(Array(3).fill('FORBIDDEN'))
      expect((await typesOf(room.id)).at(-1)).toBe('RoomArchived')
    })
    expect([...codes].every((code) => code === undefined || code === 'FORBIDDEN')).toBe(true)
    // It would prove nothing if all had come before the archiving, or all after.
    expect(codes).toEqual(new Set([undefined, 'FORBIDDEN']))

    async function newcomer() {
      const person = await nodes[0].aPerson('Newcomer')
      await addToTeam(ann, team, person)
      return person
    }
  }, 60_000)

  it('archived and opened by many at once, a room is the one or the other, and each change is heard of in room and team', async () => {
    const room = await aChannel(team, ann)
    const head = await headOf(team.id)
    const answers = await times(20, (turn) => ofRoom(turn % 3 ? 'archiveRoom' : 'unarchiveRoom', on(turn, ann), room))
    expect(answers.map(codeOf)).toEqual(Array(20).fill(undefined))
    const types = await typesOf(room.id)
    expect(types).toEqual(types.map((_, index) => (index % 2 ? 'RoomUnarchived' : 'RoomArchived')))
    expect(await typesOf(team.id, head)).toEqual(types.map((type) => type.replace('Room', 'Channel')))
    const { archivedAt } = await nodes[0].database.prisma.room.findUniqueOrThrow({ where: { id: room.id } })
    expect(archivedAt !== null).toBe(types.length % 2 === 1)
  })

  it('who is taken out of the team while they post, join and make channels ends up in none of its channels', async () => {
    await rounds(4, async (round) => {
      const guest = await nodes[0].aPerson('Guest')
      await addToTeam(ann, team, guest)
      const [posted, joined] = [await aChannel(team, ann), await aChannel(team, ann)]
      const create = (person: APerson, isPrivate: boolean) =>
        person.run('mutation ($input: CreateChannelInput!) { createChannel(input: $input) { channel { id } } }', {
          input: { teamId: team.globalId, name: 'Mine', isPrivate },
        })
      const goingOn = [
        ...[0, 1, 2].map((turn) => untilRefused((number) => say(on(turn, guest), posted, `${turn} ${number}`))),
        untilRefused((number) => create(on(number, guest), number % 2 === 0)),
        untilRefused((number) => (number % 2 ? leave(on(number, guest), joined) : join(on(number, guest), joined))),
      ]
      await expect.poll(() => typesOf(posted.id)).toContain('MemberJoined')
      expect(codeOf(await removeFromTeam(on(round, ann), guest))).toBeUndefined()
      expect(await Promise.all(goingOn)).toEqual(Array(5).fill('NOT_FOUND'))
      const seats = { userId: guest.id, leftAt: null, room: { teamId: team.id } }
      expect(await nodes[0].database.prisma.roomMember.count({ where: seats })).toBe(0)
      // Their leaving, and the message that tells of it, are the last that the channel hears of them.
      expect((await eventsOf(posted.id)).slice(-2)).toMatchObject([
        { type: 'MemberLeft', data: { userId: guest.id } },
        { type: 'MessageAdded' },
      ])
      const inbox = await typesOf(guest.id)
      expect(inbox.at(-1)).toBe('TeamRemoved')
      expect(countOf(inbox, 'RoomAdded')).toBe(countOf(inbox, 'RoomRemoved'))
    })

    /** The code of what ended it. */
    async function untilRefused(act: (number: number) => ReturnType<APerson['run']>): Promise<unknown> {
      for (let number = 0; ; number++) {
        const code = codeOf(await act(number))
        if (code !== undefined) return code
      }
    }
  }, 60_000)

  it('updates of many channels and of the team itself let each other through, and the team’s stream is dense', async () => {
    const rooms = await times(4, (turn) => aChannel(team, on(turn, ann)))
    const head = await headOf(team.id)
    const answers = await times(40, (turn) => {
      const person = on(turn, ann)
      const room = rooms[turn % 4]!
      if (turn % 5 === 4)
        return person.run(`mutation { updateTeam(input: { teamId: "${team.globalId}", name: "Crew ${turn}" }) { team { id } } }`)
      return person.run(`mutation { updateRoom(input: { roomId: "${room.globalId}", topic: "Topic ${turn}" }) { room { id } } }`)
    })
    expect(answers.map(codeOf)).toEqual(Array(40).fill(undefined))
    const events = await eventsOf(team.id, head)
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => head + index + 1))
    expect(
      countOf(
        events.map(({ type }) => type),
        'ChannelUpdated',
      ),
    ).toBe(32)
  })
})
