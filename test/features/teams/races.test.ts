import { afterAll, beforeAll, expect, it } from 'vitest'
import { codeOf } from '../../support/codes.ts'
import { type APerson, createDomain, type Domain } from '../../support/domain.ts'
import { sharedPostgres } from '../../support/postgres.ts'
import type { ARoom } from '../../support/rooms.ts'
import { describeWith } from '../../support/services.ts'
import { type ATeam, aChannel, addToTeam, aTeam } from '../../support/teams.ts'
import { until } from '../../support/until.ts'

describeWith(['postgres'], 'teams on two nodes at once', () => {
  let nodes: [Domain, Domain]
  let ann: APerson
  let ben: APerson
  beforeAll(async () => {
    const url = await (await sharedPostgres()).createDatabase()
    nodes = [await createDomain(url), await createDomain(url)]
    ;[ann, ben] = [await nodes[0].aPerson('Ann'), await nodes[1].aPerson('Ben')]
  })
  afterAll(() => Promise.all((nodes ?? []).map(({ database }) => database.close())))

  /** The same person, signed in on each node in turn. */
  const on = (turn: number, person: APerson): APerson => ({ ...person, run: nodes[turn % 2]!.as(person.actor) })
  const times = <Result>(count: number, work: (turn: number) => Promise<Result>) =>
    Promise.all(Array.from({ length: count }, (_, turn) => work(turn)))
  const act = (verb: string, actor: APerson, team: ATeam, person: APerson, more = '') =>
    actor.run(`mutation { ${verb}(input: { teamId: "${team.globalId}", userId: "${person.globalId}"${more} }) { team { id } } }`)
  const post = (actor: APerson, room: ARoom, content: string) =>
    actor.run('mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id } } }', {
      input: { roomId: room.globalId, content },
    })
  const rolesIn = async ({ id }: ATeam) => {
    const members = await nodes[0].database.prisma.teamMember.findMany({ where: { teamId: id, leftAt: null } })
    return Object.fromEntries(members.map(({ userId, role }) => [userId, role]))
  }
  const eventsOf = (streamId: string) => nodes[0].services.log.after(streamId, 0, 1000)
  const typesIn = async (streamId: string) => (await eventsOf(streamId)).map(({ type }) => type)

  /** Whoever is in a channel is in its team, and everything is counted truly. */
  async function expectSound(team: ATeam) {
    const { prisma } = nodes[0].database
    const people = Object.keys(await rolesIn(team))
    expect((await prisma.team.findUniqueOrThrow({ where: { id: team.id } })).memberCount).toBe(people.length)
    const rooms = await prisma.room.findMany({ where: { teamId: team.id }, include: { members: { where: { leftAt: null } } } })
    for (const { name, memberCount, members } of rooms) {
      expect(memberCount, name!).toBe(members.length)
      for (const { userId } of members) expect(people, name!).toContain(userId)
    }
  }

  it('one nonce makes one team, and ten of one name have ten slugs', async () => {
    const document = 'mutation ($input: CreateTeamInput!) { createTeam(input: $input) { team { id slug } } }'
    const create = (turn: number, input: object) =>
      on(turn, ann).run<{ createTeam: { team: { id: string; slug: string } } }>(document, { input })
    const same = await times(10, (turn) => create(turn, { name: 'Same', nonce: 'same' }))
    expect(new Set(same.map(({ data }) => data!.createTeam.team.id)).size).toBe(1)
    const people = await times(10, (turn) => nodes[turn % 2]!.aPerson(`Maker ${turn}`))
    const made = await Promise.all(
      people.map((person, turn) => on(turn, person).run<{ createTeam: { team: { slug: string } } }>(document, { input: { name: 'Ten' } })),
    )
    const slugs = made.map(({ data }) => data!.createTeam.team.slug)
    expect(new Set(slugs).size).toBe(10)
    for (const slug of slugs) expect(slug).toMatch(/^ten(-\d+)?$/)
  })

  it('of ten who want one slug, for a new team or theirs, one gets it', async () => {
    const teams = await times(5, (turn) => aTeam(on(turn, ann)))
    const answers = await Promise.all([
      ...teams.map((team, turn) =>
        on(turn, ann).run(`mutation { updateTeam(input: { teamId: "${team.globalId}", slug: "wanted" }) { team { id } } }`),
      ),
      ...(await times(5, async (turn) =>
        on(turn, ben).run('mutation { createTeam(input: { name: "New", slug: "wanted" }) { team { id } } }'),
      )),
    ])
    expect(answers.map(codeOf).sort()).toEqual([...Array(9).fill('CONFLICT'), undefined])
    expect(await nodes[0].database.prisma.team.count({ where: { slug: 'wanted' } })).toBe(1)
  })

  it('somebody added ten times is added once', async () => {
    const team = await aTeam(ann)
    const guest = await nodes[0].aPerson('Guest')
    const answers = await times(10, (turn) => act('addTeamMember', on(turn, ann), team, guest))
    expect(answers.map(codeOf)).toEqual(Array(10).fill(undefined))
    expect(await typesIn(team.id)).toEqual(['TeamMemberJoined'])
    expect(await typesIn(guest.id)).toEqual(['TeamAdded', 'RoomAdded'])
    await expectSound(team)
  })

  it('somebody removed ten times is removed once', async () => {
    const guest = await nodes[0].aPerson('Guest')
    const team = await aTeam(ann, guest)
    const answers = await times(10, (turn) => act('removeTeamMember', on(turn, turn % 3 ? ann : guest), team, guest))
    expect(answers.map(codeOf).filter((code) => code === undefined)).toHaveLength(1)
    expect(new Set(answers.map(codeOf))).toEqual(new Set([undefined, 'NOT_FOUND']))
    expect(await typesIn(team.id)).toEqual(['TeamMemberJoined', 'TeamMemberLeft'])
    expect(await typesIn(guest.id)).toEqual(['TeamAdded', 'RoomAdded', 'RoomRemoved', 'TeamRemoved'])
    await expectSound(team)
  })

  it('two leads who demote each other leave one', async () => {
    const team = await aTeam(ann, ben)
    for (let round = 0; round < 5; round++) {
      await act('setTeamRole', ann, team, ben, ', role: LEAD')
      await act('setTeamRole', ben, team, ann, ', role: LEAD')
      const answers = await Promise.all([
        act('setTeamRole', on(0, ann), team, ben, ', role: MEMBER'),
        act('setTeamRole', on(1, ben), team, ann, ', role: MEMBER'),
      ])
      expect(answers.map(codeOf).sort()).toEqual(['FORBIDDEN', undefined])
      expect(Object.values(await rolesIn(team)).sort()).toEqual(['LEAD', 'MEMBER'])
    }
  })

  it('two leads who remove each other, or leave together, leave one who leads', async () => {
    for (let round = 0; round < 6; round++) {
      const guest = await nodes[0].aPerson('Guest')
      const team = await aTeam(ann, guest)
      await addToTeam(ann, team, ben, 'LEAD')
      const [annGoes, benGoes] = round % 2 ? [ann, ben] : [ben, ann]
      const answers = await Promise.all([
        act('removeTeamMember', on(0, annGoes), team, ann),
        act('removeTeamMember', on(1, benGoes), team, ben),
      ])
      // Who leaves second is the last lead; who removes second is no longer in the team.
      expect(answers.map(codeOf).sort()).toEqual([round % 2 ? 'CONFLICT' : 'NOT_FOUND', undefined])
      const roles = await rolesIn(team)
      expect(Object.values(roles).sort()).toEqual(['LEAD', 'MEMBER'])
      expect(roles[guest.id]).toBe('MEMBER')
      await expectSound(team)
    }
  })

  it('adding and removing at once leaves nobody half in', async () => {
    const guest = await nodes[0].aPerson('Guest')
    const team = await aTeam(ann, guest)
    const channels = await Promise.all([aChannel(team, ann), aChannel(team, ann, { isPrivate: true })])
    for (let round = 0; round < 8; round++) {
      const addToChannel = (turn: number) =>
        on(turn, ann).run(
          `mutation { addRoomMember(input: { roomId: "${channels[turn % 2]!.globalId}", userId: "${guest.globalId}" }) { room { id } } }`,
        )
      const answers = await Promise.all([
        act('addTeamMember', on(0, ann), team, guest),
        act('removeTeamMember', on(1, ann), team, guest),
        addToChannel(0),
        addToChannel(1),
        on(1, guest).run(`mutation { joinChannel(input: { channelId: "${channels[0]!.globalId}" }) { channel { id } } }`),
      ])
      for (const code of answers.map(codeOf)) expect([undefined, 'NOT_FOUND', 'FORBIDDEN']).toContain(code)
      await expectSound(team)
      await act('addTeamMember', ann, team, guest)
    }
    // In each stream who comes and who goes take turns.
    for (const [streamId, joined, left] of [
      [team.id, 'TeamMemberJoined', 'TeamMemberLeft'],
      [team.general.id, 'MemberJoined', 'MemberLeft'],
      [channels[0]!.id, 'MemberJoined', 'MemberLeft'],
      [channels[1]!.id, 'MemberJoined', 'MemberLeft'],
    ] as const) {
      const turns = (await eventsOf(streamId)).filter(({ type, data }) => (type === joined || type === left) && data.userId === guest.id)
      expect(turns.map(({ type }) => type)).toEqual(turns.map((_, index) => (index % 2 ? left : joined)))
    }
  })

  it('channels that are made, joined and left while their people are removed hold nobody who is gone', async () => {
    for (let round = 0; round < 6; round++) {
      const guest = await nodes[0].aPerson('Guest')
      const team = await aTeam(ann, guest)
      const answers = await Promise.all([
        ...[false, true, true].map((isPrivate, turn) =>
          on(turn, guest).run(
            `mutation { createChannel(input: { teamId: "${team.globalId}", name: "mine", isPrivate: ${isPrivate} }) { edge { cursor } } }`,
          ),
        ),
        act('removeTeamMember', on(1, ann), team, guest),
      ])
      // What was made just before may be gone from its maker when the answer is read.
      for (const code of answers.slice(0, 3).map(codeOf)) expect([undefined, 'NOT_FOUND']).toContain(code)
      expect(codeOf(answers[3]!)).toBeUndefined()
      await expectSound(team)
      expect((await typesIn(guest.id)).at(-1)).toBe('TeamRemoved')
    }
  })

  it('whoever posts while being removed is heard before it or not at all, also where they were no member', async () => {
    for (let round = 0; round < 4; round++) {
      const guest = await nodes[0].aPerson('Guest')
      const team = await aTeam(ann, guest)
      const rooms = [team.general, await aChannel(team, ann, { members: [guest] }), await aChannel(team, ann)]
      const secrets = await aChannel(team, ann, { isPrivate: true, members: [guest] })
      let isOver = false
      let said = 0
      const talking = times(8, async (turn) => {
        const room = [...rooms, secrets][turn % 4]!
        const codes: unknown[] = []
        for (let number = 0; !isOver || number < 3; number++) {
          const code = codeOf(await post(on(Math.floor(turn / 4), guest), room, `${turn}: ${number}`))
          if (code === undefined) said++
          codes.push(code)
        }
        return codes
      })
      // Else the moment may be met from one side only.
      await until(() => said > 0)
      expect(codeOf(await act('removeTeamMember', on(round, ann), team, guest))).toBeUndefined()
      isOver = true
      const codes = (await talking).flat()
      expect(new Set(codes)).toEqual(new Set([undefined, 'NOT_FOUND']))
      for (const { id } of [...rooms, secrets]) {
        const events = await eventsOf(id)
        const own = events.filter(({ data }) => data.actorId === guest.id || data.userId === guest.id)
        const end = own.findLastIndex(({ type }) => type === 'MemberLeft')
        const after = own.slice(end + 1)
        // What is left to come is the message that tells of it. Where they never came in, nothing did.
        if (end === -1) expect(own).toEqual([])
        else expect(after.map(({ type }) => type)).toEqual(['MessageAdded'])
        const messages = await nodes[0].database.prisma.message.findMany({
          where: { roomId: id, senderId: guest.id },
          orderBy: { seq: 'asc' },
        })
        const last = messages.findLast(({ systemKind }) => systemKind === null)
        if (last) expect(last.seq).toBeLessThan(own[end]!.seq)
        if (end !== -1) expect(messages.at(-1)!.systemKind).toBe('MEMBER_LEFT')
      }
      await expectSound(team)
    }
  })

  it('a lead who is demoted runs nothing after it', async () => {
    for (let round = 0; round < 6; round++) {
      const team = await aTeam(ann)
      const guests = await times(4, (turn) => nodes[turn % 2]!.aPerson('Guest'))
      await addToTeam(ann, team, ben, 'LEAD')
      const news = await aChannel(team, ann)
      const answers = await Promise.all([
        ...guests.map((guest, turn) => act('addTeamMember', on(turn, ben), team, guest)),
        on(0, ben).run(`mutation { updateRoom(input: { roomId: "${news.globalId}", topic: "Mine" }) { room { id } } }`),
        act('setTeamRole', on(1, ann), team, ben, ', role: MEMBER'),
      ])
      expect(codeOf(answers.at(-1)!)).toBeUndefined()
      for (const code of answers.map(codeOf)) expect([undefined, 'FORBIDDEN']).toContain(code)
      const events = await eventsOf(team.id)
      const demoted = events.findIndex(({ type }) => type === 'TeamMemberUpdated')
      expect(events.slice(demoted + 1).filter(({ data }) => data.actorId === ben.id)).toEqual([])
      await expectSound(team)
    }
  })
})
