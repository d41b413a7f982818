import { beforeAll, describe, expect, it } from 'vitest'
import { encodeId } from '../../../src/graphql/ids.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import { createMemoryRates } from '../../../src/store/rates.ts'
import { codeOf } from '../../support/codes.ts'
import { aDomain, type Domain } from '../../support/domain.ts'
import { ratesOf } from '../../support/rates.ts'
import { aDevice, aPassword, type Device, personOf, refresh, sessionOf, signIn, signUp, tryRefresh, trySignIn } from './devices.ts'

let domain: Domain
beforeAll(async () => {
  domain = await aDomain()
})

/** A person on three devices. */
async function threeDevices() {
  const devices = [aDevice(domain), aDevice(domain), aDevice(domain)] as const
  const first = await signUp(devices[0])
  const { handle } = first.viewer.user
  const tokens = [first, await signIn(devices[1], handle), await signIn(devices[2], handle)] as const
  return { devices, tokens, handle }
}

/** Asked the way requests ask, so with what this process remembers. */
const isAlive = (device: Device) =>
  domain.services.sessions.requireAlive(sessionOf(device), personOf(device)).then(
    () => true,
    () => false,
  )
const areAlive = (devices: readonly Device[]) => Promise.all(devices.map(isAlive))

const endedIn = (device: Device) =>
  domain.rung.filter(({ streamId, type }) => streamId === personOf(device) && type === 'SessionEnded').map(({ data }) => data)

const signOut = 'mutation { signOut { endedSessions } }'
const signOutEverywhere = 'mutation { signOut(input: { everywhere: true }) { endedSessions } }'
const revoke = 'mutation ($id: ID!) { revokeSession(input: { sessionId: $id }) { viewer { sessions { id isCurrent } } } }'
const change = `mutation ($from: String!, $to: String!) {
  changePassword(input: { currentPassword: $from, newPassword: $to }) { viewer { sessions { id isCurrent } } }
}`

describe('signing out', () => {
  it('ends this session at once, and tells the inbox', async () => {
    const { devices, tokens } = await threeDevices()
    expect(await areAlive(devices)).toEqual([true, true, true])
    expect((await devices[0].run(signOut)).data).toEqual({ signOut: { endedSessions: 1 } })
    expect(await areAlive(devices)).toEqual([false, true, true])
    expect(codeOf(await tryRefresh(aDevice(domain), tokens[0].refreshToken))).toBe('UNAUTHENTICATED')
    expect(endedIn(devices[0])).toEqual([{ sessionId: sessionOf(devices[0]), actorId: personOf(devices[0]) }])
  })

  it('ends all of them when asked to', async () => {
    const { devices, tokens } = await threeDevices()
    await areAlive(devices)
    expect((await devices[1].run(signOutEverywhere)).data).toEqual({ signOut: { endedSessions: 3 } })
    expect(await areAlive(devices)).toEqual([false, false, false])
    for (const { refreshToken } of tokens) expect(codeOf(await tryRefresh(aDevice(domain), refreshToken))).toBe('UNAUTHENTICATED')
    expect(endedIn(devices[0])).toHaveLength(3)
  })

  it('lets the rest of the operation be answered', async () => {
    const device = aDevice(domain)
    const { viewer } = await signUp(device)
    const { data, errors } = await device.run(
      'mutation { signOut { endedSessions } updateProfile(input: {}) { viewer { id sessions { id } } } }',
    )
    expect(errors).toBeUndefined()
    expect(data).toEqual({ signOut: { endedSessions: 1 }, updateProfile: { viewer: { id: viewer.id, sessions: [] } } })
  })

  it('done twice ends nothing more', async () => {
    const { devices } = await threeDevices()
    await devices[0].run(signOut)
    expect((await devices[0].run(signOut)).data).toEqual({ signOut: { endedSessions: 0 } })
    expect(endedIn(devices[0])).toHaveLength(1)
  })
})

describe('revoking a session', () => {
  const idOf = (device: Device) => encodeId('Session', sessionOf(device))

  it('ends that one, also when done twice', async () => {
    const { devices } = await threeDevices()
    await areAlive(devices)
    const left = expect.objectContaining({
      revokeSession: {
        viewer: { sessions: [devices[2], devices[0]].map((device) => ({ id: idOf(device), isCurrent: device === devices[0] })) },
      },
    })
    expect((await devices[0].run(revoke, { id: idOf(devices[1]) })).data).toEqual(left)
    expect((await devices[0].run(revoke, { id: idOf(devices[1]) })).data).toEqual(left)
    expect(await areAlive(devices)).toEqual([true, false, true])
    expect(endedIn(devices[0])).toHaveLength(1)
  })

  it("finds no session of others', none that is not there, and nothing in other ids", async () => {
    const { devices } = await threeDevices()
    const stranger = aDevice(domain)
    const { viewer } = await signUp(stranger)
    for (const id of [idOf(devices[0]), encodeId('Session', uuid()), viewer.id]) {
      expect(codeOf(await stranger.run(revoke, { id }))).toBe('NOT_FOUND')
    }
    const { errors } = await stranger.run(revoke, { id: 'nonsense' })
    expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'sessionId' })
    expect(await areAlive(devices)).toEqual([true, true, true])
  })
})

describe('changing the password', () => {
  const next = 'staple battery horse'

  it('makes the new one right and the old one wrong, and ends all other sessions', async () => {
    const { devices, tokens, handle } = await threeDevices()
    await areAlive(devices)
    const { data } = await devices[1].run(change, { from: aPassword, to: next })
    expect(data).toEqual({
      changePassword: { viewer: { sessions: [{ id: encodeId('Session', sessionOf(devices[1])), isCurrent: true }] } },
    })
    expect(await areAlive(devices)).toEqual([false, true, false])
    expect(
      endedIn(devices[0])
        .map(({ sessionId }) => sessionId)
        .sort(),
    ).toEqual([sessionOf(devices[0]), sessionOf(devices[2])].sort())
    expect(codeOf(await trySignIn(aDevice(domain), handle, aPassword))).toBe('UNAUTHENTICATED')
    await signIn(aDevice(domain), handle, next)
    await refresh(devices[1], tokens[1].refreshToken)
  })

  it('wants the password of now', async () => {
    const { devices, handle } = await threeDevices()
    const { errors } = await devices[0].run(change, { from: 'not the password', to: next })
    expect(errors).toMatchObject([{ message: 'This is not the password of your account.', extensions: { code: 'UNAUTHENTICATED' } }])
    expect(await areAlive(devices)).toEqual([true, true, true])
    await signIn(aDevice(domain), handle)
  })

  it.each([
    ['newPassword', { to: 'short' }],
    ['newPassword', { to: 'x'.repeat(257) }],
    ['newPassword', { to: 'pass\0word' }],
    ['newPassword', { to: 'password\ud800' }],
    ['currentPassword', { from: '' }],
    ['currentPassword', { from: 'x'.repeat(257) }],
  ])('refuses by name what cannot be a password: %s of %j', async (field, input) => {
    const device = aDevice(domain)
    await signUp(device)
    const { errors } = await device.run(change, { from: aPassword, to: next, ...input })
    expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field })
  })

  it('may be tried so often, like signing in', async () => {
    const table = ratesOf({ signInPerMinute: 2 })
    const device = aDevice(domain, { rates: createMemoryRates(table) })
    await signUp(device)
    const codes: unknown[] = []
    for (let time = 0; time < 3; time++) codes.push(codeOf(await device.run(change, { from: 'not the password', to: next })))
    expect(codes).toEqual(['UNAUTHENTICATED', 'UNAUTHENTICATED', 'RATE_LIMITED'])
  })
})
