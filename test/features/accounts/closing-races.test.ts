import { afterAll, beforeAll, expect, it } from 'vitest'
import { createSessions } from '../../../src/features/accounts/sessions.ts'
import { codeOf } from '../../support/codes.ts'
import { type APerson, createDomain, type Domain } from '../../support/domain.ts'
import { sharedPostgres } from '../../support/postgres.ts'
import { type ARoom, aDirectRoom, aGroup } from '../../support/rooms.ts'
import { describeWith } from '../../support/services.ts'
import { type ATeam, aTeam } from '../../support/teams.ts'
import { aDevice, aPassword, aSignedUp, closeAccount, personOf, type SignedUp, sessionOf, signUpDocument, trySignIn } from './devices.ts'

const rounds = 12

/** Two nodes on one Postgres, where things truly happen at the same time. */
describeWith(['postgres'], 'closing an account on one of two nodes, while', () => {
  let nodes: Domain[]
  let ben: APerson
  beforeAll(async () => {
    const url = await (await sharedPostgres()).createDatabase()
    nodes = await Promise.all([createDomain(url), createDomain(url)])
    ben = await here().aPerson('Ben')
  })
  afterAll(async () => {
    await Promise.all(nodes.map(({ database }) => database.close()))
  })

  const here = () => nodes[0]!
  const there = () => nodes[1]!
  const asThere = ({ actor }: APerson) => there().as(actor)

  /** Each round the other's work begins at another moment of the closing, as long as the last one took, or after it. */
  async function race(other: (ada: SignedUp) => Promise<unknown>, prepare: (ada: SignedUp) => Promise<unknown> = async () => {}) {
    const adas: SignedUp[] = []
    let closingMs = 0
    for (let round = 0; round < rounds; round++) {
      const ada = await aSignedUp(here(), 'Ada')
      await prepare(ada)
      const began = performance.now()
      const closing = closeAccount(ada).finally(() => {
        closingMs = performance.now() - began
      })
      await new Promise((go) => setTimeout(go, (closingMs * round * 1.5) / rounds))
      await other(ada)
      expect((await closing).errors).toBeUndefined()
      adas.push(ada)
    }
    for (const ada of adas) expect(await remainsOf(ada)).toEqual([])
    return adas
  }

  /** What the person still has. */
  async function remainsOf({ id }: APerson): Promise<string[]> {
    const rows = await here().database.sql<{ what: string }>(
      `select 'room' as what from room_member m join room r on r.id = m.room_id where user_id = $1 and left_at is null and r.kind <> 'DIRECT'
       union all select 'team' from team_member where user_id = $1 and left_at is null
       union all select 'session' from session where user_id = $1
       union all select 'account' from account where user_id = $1
       union all select 'name' from app_user where id = $1 and (name <> 'Deleted account' or deleted_at is null)
       union all select 'open direct room' from room_member m join room r on r.id = m.room_id
         where user_id = $1 and r.kind = 'DIRECT' and not r.is_severed`,
      [id],
    )
    return rows.map(({ what }) => what)
  }

  const typesIn = async (streamId: string) => (await here().services.log.after(streamId, 0, 100)).map(({ type }) => type)

  it('they post: nothing is said after they have left', async () => {
    const rooms = new Map<string, ARoom>()
    const codes: unknown[] = []
    await race(
      async (ada) => {
        const send = asThere(ada)
        const input = { roomId: rooms.get(ada.id)!.globalId, content: 'Hello' }
        for (let n = 0; n < 6; n++) codes.push(codeOf(await send(post, { input })))
      },
      async (ada) => rooms.set(ada.id, await aGroup(ada, ben)),
    )
    for (const { id } of rooms.values()) {
      const types = await typesIn(id)
      // Their going, the next admin, and the message that tells of it.
      expect(types.slice(types.indexOf('MemberLeft'))).toEqual(['MemberLeft', 'MemberUpdated', 'MessageAdded'])
    }
    expect(new Set(codes)).toEqual(new Set([undefined, 'NOT_FOUND']))
  })

  it('they are added to rooms and a team: they are in before, and have left, or are not found', async () => {
    const team: ATeam = await aTeam(ben)
    const codes: unknown[] = []
    const adas = await race(async ({ globalId: userId }) => {
      const run = asThere(ben)
      const room = await aGroup({ ...ben, run })
      for (const [document, input] of [
        [addToRoom, { roomId: room.globalId, userId }],
        [addToTeam, { teamId: team.globalId, userId }],
        [createGroup, { name: 'Group', memberIds: [userId] }],
      ] as const)
        codes.push(codeOf(await run(document, { input })))
    })
    expect(new Set(codes)).toEqual(new Set([undefined, 'NOT_FOUND']))
    const counts = await here().database.sql<{ counted: number; real: number }>(
      `select member_count as counted, (select count(*)::int from room_member where room_id = room.id and left_at is null) as real
       from room where id in (select room_id from room_member where user_id = any($1::uuid[]))
       union all select member_count, (select count(*)::int from team_member where team_id = team.id and left_at is null) from team where id = $2`,
      [adas.map(({ id }) => id), team.id],
    )
    for (const { counted, real } of counts) expect(counted).toBe(real)
  })

  it('somebody opens a direct room with them, or they with somebody: it is severed, or there is none', async () => {
    const codes: unknown[] = []
    await race(async (ada) => {
      codes.push(
        ...(await Promise.all([
          asThere(ben)(openDirect, { input: { userId: ada.globalId } }).then(codeOf),
          asThere(ada)(openDirect, { input: { userId: (await there().aPerson()).globalId } }).then(codeOf),
        ])),
      )
    })
    expect(new Set(codes)).toEqual(new Set([undefined, 'NOT_FOUND']))
  })

  it('they make rooms and teams: they have left them, or have not made them', async () => {
    const codes: unknown[] = []
    await race(async (ada) => {
      const run = asThere(ada)
      for (let n = 0; n < 3; n++) {
        codes.push(codeOf(await run(createGroup, { input: { name: 'Group', memberIds: [ben.globalId] } })))
        codes.push(codeOf(await run('mutation { createTeam(input: { name: "Team" }) { team { id } } }')))
      }
    })
    expect(new Set(codes)).toEqual(new Set([undefined, 'NOT_FOUND']))
  })

  it('they sign in elsewhere: no session outlives it', async () => {
    const sessions = createSessions(there().database, { rememberedMs: 0 })
    await race(async ({ handle }) => {
      const device = aDevice(there())
      expect([undefined, 'UNAUTHENTICATED']).toContain(codeOf(await trySignIn(device, handle)))
      if (device.actor.kind !== 'person') return
      await expect.poll(() => sessions.requireAlive(sessionOf(device), personOf(device)).catch(({ code }) => code)).toBe('UNAUTHENTICATED')
    })
  })

  it('they change their name: the tombstone has none', async () => {
    const codes: unknown[] = []
    await race(async (ada) => {
      const run = asThere(ada)
      for (let n = 0; n < 6; n++) codes.push(codeOf(await run('mutation { updateProfile(input: { name: "Ada L." }) { user { id } } }')))
    })
    expect(new Set(codes)).toEqual(new Set([undefined, 'UNAUTHENTICATED']))
  })

  it('somebody waits for the handle: they get it, and nothing of the account', async () => {
    await race(async ({ id, handle }) => {
      const device = aDevice(there())
      const input = { handle, name: 'Another Ada', password: 'another password' }
      await expect.poll(async () => codeOf(await device.run(signUpDocument, { input }))).toBeUndefined()
      expect(personOf(device)).not.toBe(id)
    })
  })

  it('they change their password: one of the two is first, and the other finds the password wrong', async () => {
    for (let round = 0; round < rounds; round++) {
      const ada = await aSignedUp(here(), 'Ada')
      const change = 'mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { viewer { id } } }'
      const codes = await Promise.all([
        closeAccount(ada).then(codeOf),
        asThere(ada)(change, { input: { currentPassword: aPassword, newPassword: 'another password' } }).then(codeOf),
      ])
      const isClosed = codes[0] === undefined
      expect(codes.sort()).toEqual(['UNAUTHENTICATED', undefined])
      expect((await remainsOf(ada)).length === 0).toBe(isClosed)
    }
  })

  it('they close it: it is closed once', async () => {
    for (let round = 0; round < rounds; round++) {
      const ada = await aSignedUp(here(), 'Ada')
      await aDirectRoom(ada, ben)
      const codes = (await Promise.all([closeAccount(ada), closeAccount({ run: asThere(ada) })])).map(codeOf)
      expect(codes.sort()).toEqual(['UNAUTHENTICATED', undefined])
      expect((await typesIn(ada.id)).filter((type) => type === 'AccountClosed')).toHaveLength(1)
    }
  })

  it('another lead of their team closes theirs: one of the two stays, with the people', async () => {
    for (let round = 0; round < rounds; round++) {
      const [ada, eve] = await Promise.all([aSignedUp(here(), 'Ada'), aSignedUp(there(), 'Eve')])
      const team = await aTeam(ada, eve, ben)
      await ada.run('mutation ($input: SetTeamRoleInput!) { setTeamRole(input: $input) { team { id } } }', {
        input: { teamId: team.globalId, userId: eve.globalId, role: 'LEAD' },
      })
      const codes = (await Promise.all([closeAccount(ada), closeAccount(eve)])).map(codeOf)
      expect(codes.sort()).toEqual(['CONFLICT', undefined])
      expect(await here().database.prisma.teamMember.count({ where: { teamId: team.id, leftAt: null, role: 'LEAD' } })).toBe(1)
    }
  })
})

const post = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id } } }'
const addToRoom = 'mutation ($input: AddRoomMemberInput!) { addRoomMember(input: $input) { room { id } } }'
const addToTeam = 'mutation ($input: AddTeamMemberInput!) { addTeamMember(input: $input) { team { id } } }'
const createGroup = 'mutation ($input: CreateGroupRoomInput!) { createGroupRoom(input: $input) { room { id } } }'
const openDirect = 'mutation ($input: OpenDirectRoomInput!) { openDirectRoom(input: $input) { room { id } } }'
