import { beforeAll, describe, expect, it } from 'vitest'
import { createMemoryRates } from '../../../src/store/rates.ts'
import { createTransact } from '../../../src/store/transact.ts'
import { codeOf } from '../../support/codes.ts'
import { type APerson, aDomain, type Domain } from '../../support/domain.ts'
import { ratesOf } from '../../support/rates.ts'
import { type ARoom, aDirectRoom, aGroup } from '../../support/rooms.ts'
import { aChannel, addToTeam, aTeam } from '../../support/teams.ts'
import { counted } from '../messages/support.ts'
import {
  aDevice,
  aHandle,
  aPassword,
  aSignedUp,
  closeAccount,
  closeDocument,
  type Device,
  personOf,
  sessionOf,
  signIn,
  signUp,
  tryRefresh,
  trySignIn,
} from './devices.ts'

let domain: Domain
let ben: APerson
let cid: APerson
beforeAll(async () => {
  domain = await aDomain()
  ;[ben, cid] = await Promise.all([domain.aPerson('Ben'), domain.aPerson('Cid')])
})

/** What the work appended to a stream, in order. */
async function heard(work: () => Promise<unknown>) {
  const before = domain.rung.length
  await work()
  const events = domain.rung.slice(before)
  return (id: string) => events.flatMap(({ streamId, type, data }) => (streamId === id ? [{ type, data }] : []))
}

const memberOf = ({ id: roomId }: ARoom, { id: userId }: APerson) =>
  domain.database.prisma.roomMember.findUniqueOrThrow({ where: { roomId_userId: { roomId, userId } }, include: { room: true } })

const isAlive = (device: Device) =>
  domain.services.sessions.requireAlive(sessionOf(device), personOf(device)).then(
    () => true,
    () => false,
  )

describe('closing an account', () => {
  it('answers with the id that stays, and leaves nothing else of the person in the rows about them', async () => {
    const ada = await aSignedUp(domain, 'Ada')
    await ada.run('mutation { updateProfile(input: { email: "ada@example.org" }) { user { id } } }')
    await ada.run('mutation ($id: ID!) { blockUser(input: { userId: $id }) { user { id } } }', { id: cid.globalId })
    await ada.run('mutation { setPresence(input: { status: AWAY, text: "At the lake" }) { user { id } } }')
    const { data } = await closeAccount(ada)
    expect(data).toEqual({ deleteAccount: { deletedUserId: ada.globalId } })
    const { prisma } = domain.database
    const { handle, name } = await prisma.user.findUniqueOrThrow({ where: { id: ada.id } })
    expect({ handle, name }).toEqual({ handle: expect.stringMatching(/^deleted_[0-9a-f]{24}$/), name: 'Deleted account' })
    expect(await prisma.presence.count({ where: { userId: ada.id } })).toBe(0)
    const where = { userId: ada.id }
    expect([await prisma.account.count({ where }), await prisma.session.count({ where })]).toEqual([0, 0])
    expect(await prisma.block.count({ where: { blockerId: ada.id } })).toBe(0)
  })

  it('ends all sessions: tokens and password are refused, at once', async () => {
    const devices = [aDevice(domain), aDevice(domain)] as const
    const { viewer, refreshToken } = await signUp(devices[0])
    const tokens = [refreshToken, (await signIn(devices[1], viewer.user.handle)).refreshToken]
    expect(await Promise.all(devices.map(isAlive))).toEqual([true, true])
    const asBefore = domain.as(devices[0].actor)
    expect((await closeAccount(devices[1])).errors).toBeUndefined()
    expect(await isAlive(devices[0])).toBe(false)
    for (const token of tokens) expect(codeOf(await tryRefresh(aDevice(domain), token))).toBe('UNAUTHENTICATED')
    expect(codeOf(await trySignIn(aDevice(domain), viewer.user.handle))).toBe('UNAUTHENTICATED')
    // By a session that another node believes alive for a moment longer.
    expect(codeOf(await closeAccount({ run: asBefore }))).toBe('UNAUTHENTICATED')
  })

  it('is told to their devices first, then the ends of their sessions', async () => {
    const ada = await aSignedUp(domain, 'Ada')
    const tablet = aDevice(domain)
    await signIn(tablet, ada.handle)
    const sessions = [sessionOf(ada.device), sessionOf(tablet)].sort()
    await aGroup(ada, ben)
    const events = (await heard(() => closeAccount(ada)))(ada.id)
    expect(events[0]).toEqual({ type: 'AccountClosed', data: {} })
    expect(events.slice(1, 3).map(({ data }) => data.sessionId as string)).toEqual(expect.arrayContaining(sessions))
    expect(events.map(({ type }) => type)).toEqual(['AccountClosed', 'SessionEnded', 'SessionEnded', 'RoomRemoved'])
  })

  it('leaves groups to their people: they hear who left, and of the next admin', async () => {
    const ada = await aSignedUp(domain, 'Ada')
    const [led, joined] = [await aGroup(ada, ben), await aGroup(ben, ada)]
    const { id: memberId } = await memberOf(joined, ada)
    const events = await heard(() => closeAccount(ada))
    const left = { roomId: joined.id, memberId, userId: ada.id, actorId: ada.id, wasRemoved: false }
    expect(events(joined.id)).toEqual([{ type: 'MemberLeft', data: left }, expect.objectContaining({ type: 'MessageAdded' })])
    expect(events(led.id).map(({ type }) => type)).toEqual(['MemberLeft', 'MemberUpdated', 'MessageAdded'])
    expect(await memberOf(joined, ada)).toMatchObject({ leftAt: expect.any(Date), room: { memberCount: 1 } })
    expect(await memberOf(led, ben)).toMatchObject({ role: 'ADMIN', room: { memberCount: 1 } })
    expect(events(ben.id)).toEqual([])
  })

  it('leaves teams with their channels, as leaving them does', async () => {
    const ada = await aSignedUp(domain, 'Ada')
    const team = await aTeam(ben, ada)
    const secrets = await aChannel(team, ada, { isPrivate: true, members: [ben] })
    const events = await heard(() => closeAccount(ada))
    expect(events(team.id)).toMatchObject([{ type: 'TeamMemberLeft', data: { userId: ada.id, actorId: ada.id, wasRemoved: false } }])
    for (const room of [team.general, secrets]) {
      expect(events(room.id)[0]).toMatchObject({ type: 'MemberLeft', data: { userId: ada.id } })
      expect(await memberOf(room, ada)).toMatchObject({ leftAt: expect.any(Date), room: { memberCount: 1 } })
    }
    expect(await memberOf(secrets, ben)).toMatchObject({ role: 'ADMIN' })
    const { data } = await ben.run('query ($id: ID!) { team(id: $id) { memberCount members { nodes { user { id } } } } }', {
      id: team.globalId,
    })
    expect(data).toEqual({ team: { memberCount: 1, members: { nodes: [{ user: { id: ben.globalId } }] } } })
  })

  it('takes as many statements for many rooms and teams as for one of each', async () => {
    const statementsFor = async (count: number) => {
      const ada = await aSignedUp(domain, 'Ada')
      for (let n = 0; n < count; n++) {
        await aGroup(ada, ben)
        await aTeam(ada)
        await aDirectRoom(ada, await domain.aPerson())
      }
      const database = counted(domain.database)
      const transact = createTransact(database, () => {})
      expect((await domain.as(ada.actor, { database, transact })(closeDocument, { input: { password: aPassword } })).errors).toBeUndefined()
      return database.statements.length
    }
    expect(await statementsFor(5)).toBe(await statementsFor(1))
  })
})

describe('an account stays as it is', () => {
  it('without the password', async () => {
    const ada = await aSignedUp(domain, 'Ada')
    const room = await aGroup(ben, ada)
    const events = await heard(async () => {
      expect(codeOf(await closeAccount(ada, 'not the password'))).toBe('UNAUTHENTICATED')
    })
    expect([events(ada.id), events(room.id)]).toEqual([[], []])
    expect(await isAlive(ada.device)).toBe(true)
    await signIn(aDevice(domain), ada.handle)
  })

  it.each([
    ['', 'nothing'],
    ['x'.repeat(257), 'too much'],
    ['pass\0word', 'a NUL'],
  ])('with %j for a password: %s', async (password) => {
    const { errors } = await closeAccount(await aSignedUp(domain, 'Ada'), password)
    expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'password' })
  })

  it('when the password is tried too often, like signing in', async () => {
    const table = ratesOf({ signInPerMinute: 2 })
    const ada = await aSignedUp(domain, 'Ada')
    const run = domain.as(ada.actor, { rates: createMemoryRates(table) })
    const codes = [await closeAccount({ run }, 'wrong'), await closeAccount({ run }, 'wrong'), await closeAccount({ run })].map(codeOf)
    expect(codes).toEqual(['UNAUTHENTICATED', 'UNAUTHENTICATED', 'RATE_LIMITED'])
  })

  it('while others are in a team that nobody else leads: it is named, and nothing is written', async () => {
    const ada = await aSignedUp(domain, 'Ada')
    const group = await aGroup(ben, ada)
    // Alone in one, and not alone leading the other.
    await aTeam(ada)
    await addToTeam(ada, await aTeam(ada, cid), ben, 'LEAD')
    const team = await aTeam(ada, ben)
    await domain.database.prisma.team.update({ where: { id: team.id }, data: { name: 'The crew' } })
    const before = domain.rung.length
    const { errors } = await closeAccount(ada)
    expect(errors?.[0]).toMatchObject({ message: expect.stringContaining('“The crew”'), extensions: { code: 'CONFLICT' } })
    expect(domain.rung.slice(before)).toEqual([])
    expect(await memberOf(group, ada)).toMatchObject({ leftAt: null, room: { memberCount: 2 } })
    expect(await isAlive(ada.device)).toBe(true)
    expect((await ben.run('query ($handle: String!) { user(handle: $handle) { name deletedAt } }', { handle: ada.handle })).data).toEqual({
      user: { name: 'Ada', deletedAt: null },
    })

    await ada.run('mutation ($input: SetTeamRoleInput!) { setTeamRole(input: $input) { team { id } } }', {
      input: { teamId: team.globalId, userId: ben.globalId, role: 'LEAD' },
    })
    expect((await closeAccount(ada)).errors).toBeUndefined()
  })
})

describe('the rest of an operation that closes the account', () => {
  it('is done as nobody', async () => {
    const { data, errors } = await aDevice(domain).run(
      `mutation ($signUp: SignUpInput!, $input: DeleteAccountInput!) {
        signUp(input: $signUp) { viewer { id } }
        deleteAccount(input: $input) { deletedUserId }
        createGroupRoom(input: { name: "Group", memberIds: [] }) { room { id } } }`,
      { signUp: { handle: aHandle(), name: 'Ada', password: aPassword }, input: { password: aPassword } },
    )
    expect(errors).toHaveLength(1)
    expect(errors![0]).toMatchObject({ path: ['createGroupRoom'], extensions: { code: 'UNAUTHENTICATED' } })
    expect(data).toBeNull()
  })
})
