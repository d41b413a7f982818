import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Transaction } from '../../../src/store/transact.ts'
import { codeOf } from '../../support/codes.ts'
import { type APerson, createDomain, type Domain } from '../../support/domain.ts'
import { during } from '../../support/during.ts'
import { sharedPostgres } from '../../support/postgres.ts'
import { type ARoom, aGroup } from '../../support/rooms.ts'
import { describeWith } from '../../support/services.ts'
import { aChannel, aTeam } from '../../support/teams.ts'
import { until } from '../../support/until.ts'

describeWith(['postgres'], 'moderating on two nodes at once', () => {
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
  const act = async (verb: string, actor: APerson, room: ARoom, person: APerson, more = '') =>
    codeOf(
      await actor.run(`mutation { ${verb}(input: { roomId: "${room.globalId}", userId: "${person.globalId}"${more} }) { room { id } } }`),
    )
  const say = async (person: APerson, room: ARoom, content: string) =>
    codeOf(
      await person.run('mutation ($r: ID!, $c: String!) { sendMessage(input: { roomId: $r, content: $c }) { message { id } } }', {
        r: room.globalId,
        c: content,
      }),
    )
  const logOf = ({ id }: ARoom) => nodes[0].services.log.after(id, 0, 2000)

  it.each([['Hello'], ['Hello @']])('“%s”, said while one is being muted, is refused', async (content) => {
    const room = await aGroup(ann, ben)
    const { id } = await nodes[0].database.prisma.roomMember.findFirstOrThrow({ where: { roomId: room.id, userId: ben.id } })
    const mute = ({ rows }: Transaction) => rows.roomMember.update({ where: { id }, data: { mutedUntil: new Date('2100-01-01') } })
    const attempt = () => say(on(1, ben), room, content.replace('@', `@${ann.handle}`))
    expect(await during(nodes[0], [room.id], mute, attempt)).toBe('FORBIDDEN')
  })

  it.each(['addRoomMember', 'removeRoomMember', 'setRoomRole', 'muteMember'])(
    '%s by an admin, begun while they are being demoted, is refused; by a lead, while they leave the team, finds no room',
    async (verb) => {
      const { prisma } = nodes[0].database
      const [lead, mate] = [await nodes[0].aPerson('Lead'), await nodes[0].aPerson('Mate')]
      const team = await aTeam(ann, lead, ben, mate)
      const channel = await aChannel(team, ann, { members: verb === 'addRoomMember' ? [ben] : [ben, mate] })
      await act('setRoomRole', ann, channel, ben, ', role: ADMIN')
      await prisma.teamMember.updateMany({ where: { teamId: team.id, userId: lead.id }, data: { role: 'LEAD' } })
      const more = { setRoomRole: ', role: ADMIN', muteMember: ', until: "2100-01-01T00:00:00Z"' }[verb] ?? ''
      const demote = ({ rows }: Transaction) =>
        rows.roomMember.updateMany({ where: { roomId: channel.id, userId: ben.id }, data: { role: 'MEMBER' } })
      expect(await during(nodes[0], [channel.id], demote, () => act(verb, on(1, ben), channel, mate, more))).toBe('FORBIDDEN')
      const leave = ({ rows, at }: Transaction) =>
        rows.teamMember.updateMany({ where: { teamId: team.id, userId: lead.id }, data: { leftAt: at } })
      expect(await during(nodes[0], [lead.id], leave, () => act(verb, on(1, lead), channel, mate, more))).toBe('NOT_FOUND')
    },
  )

  it('whoever is muted says nothing after that event, on either way', async () => {
    const codes = new Set<unknown>()
    for (let round = 0; round < 2; round++) {
      const room = await aGroup(ann, ben)
      let isOver = false
      const talking = Promise.all(
        Array.from({ length: 4 }, async (_, turn) => {
          while (!isOver) codes.add(await say(on(turn, ben), room, turn < 2 ? 'Hello' : `Hello @${ann.handle}`))
        }),
      )
      await until(async () => (await logOf(room)).length > 4, { what: 'talking' })
      expect(await act('muteMember', on(round, ann), room, ben, ', until: "2100-01-01T00:00:00Z"')).toBeUndefined()
      for (let turn = 0; turn < 2; turn++) expect(await say(on(turn, ben), room, 'Late')).toBe('FORBIDDEN')
      isOver = true
      await talking
      const types = (await logOf(room)).map(({ type }) => type)
      expect(types.indexOf('MemberUpdated')).toBe(types.length - 1)
    }
    codes.delete('FORBIDDEN')
    expect(codes).toEqual(new Set([undefined]))
  })

  it('ten who mute until the same time are heard once', async () => {
    const room = await aGroup(ann, ben)
    const codes = await Promise.all(
      Array.from({ length: 10 }, (_, turn) => act('muteMember', on(turn, ann), room, ben, ', until: "2100-01-01T00:00:00Z"')),
    )
    expect(codes).toEqual(Array(10).fill(undefined))
    expect((await logOf(room)).map(({ type }) => type)).toEqual(['MemberUpdated'])
  })

  it('an admin who is demoted manages nobody after that event', async () => {
    const codes = new Set<unknown>()
    for (let round = 0; round < 3; round++) {
      const guest = await nodes[0].aPerson('Guest')
      const room = await aGroup(ann, ben, guest)
      await act('setRoomRole', ann, room, ben, ', role: ADMIN')
      const muting = async (turn: number) => {
        for (let time = 0; time < 4; time++)
          codes.add(await act('muteMember', on(turn, ben), room, guest, `, until: "2100-01-01T00:00:0${time}Z"`))
      }
      const demoting = until(async () => (await logOf(room)).length > 1).then(() =>
        act('setRoomRole', on(round, ann), room, ben, ', role: MEMBER'),
      )
      await Promise.all([muting(0), muting(1), demoting])
      expect(await act('muteMember', ben, room, guest, ', until: null')).toBe('FORBIDDEN')
      const log = (await logOf(room)).map(({ data }) => data)
      const demoted = log.findLastIndex(({ userId }) => userId === ben.id)
      expect(log.slice(demoted + 1).filter(({ actorId }) => actorId === ben.id)).toEqual([])
    }
    codes.delete('FORBIDDEN')
    expect(codes).toEqual(new Set([undefined]))
  })
})
