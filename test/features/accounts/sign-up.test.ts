import { beforeAll, describe, expect, it } from 'vitest'
import { createMemoryRates } from '../../../src/store/rates.ts'
import { codeOf } from '../../support/codes.ts'
import { aDomain, type Domain } from '../../support/domain.ts'
import { ratesOf } from '../../support/rates.ts'
import { aDevice, aHandle, aPassword, type Credentials, personOf, type SignUp, signUp, signUpDocument } from './devices.ts'

let domain: Domain
beforeAll(async () => {
  domain = await aDomain()
})

const trySignUp = (input: Partial<Record<keyof SignUp, unknown>>, device = aDevice(domain)) =>
  device.run<{ signUp: Credentials }>(signUpDocument, { input: { handle: aHandle(), name: 'Ann', password: aPassword, ...input } })

const peopleCalled = (handle: string) => domain.database.prisma.user.count({ where: { handle } })

describe('signing up', () => {
  it('makes a person with an empty inbox, and signs them in', async () => {
    const device = aDevice(domain)
    const handle = aHandle()
    const { viewer, refreshToken, accessToken, accessTokenExpiresAt } = await signUp(device, {
      handle,
      name: ' Ann  ',
      email: 'ann@example.org',
    })
    expect(viewer).toMatchObject({ email: 'ann@example.org', user: { handle, name: 'Ann' } })
    expect(await domain.services.log.head(personOf(device))).toBe(0)
    expect(refreshToken).not.toBe('')
    expect(await domain.services.accessTokens.verify(accessToken)).toMatchObject({ personId: personOf(device) })
    expect(new Date(accessTokenExpiresAt).getTime()).toBeGreaterThan(Date.now())
  })

  it('lets the rest of the operation be done as the new person', async () => {
    const input = { handle: aHandle(), name: 'Ann', password: aPassword }
    const { data, errors } = await aDevice(domain).run(
      `mutation ($input: SignUpInput!) {
        signUp(input: $input) { viewer { id } }
        updateProfile(input: { name: "Anna" }) { user { handle name } viewer { id user { name } } }
      }`,
      { input },
    )
    expect(errors).toBeUndefined()
    expect(data).toMatchObject({ updateProfile: { user: { handle: input.handle, name: 'Anna' }, viewer: { user: { name: 'Anna' } } } })
  })

  it('needs no e-mail address', async () => {
    expect((await signUp(aDevice(domain))).viewer.email).toBeNull()
    expect((await signUp(aDevice(domain), { email: null })).viewer.email).toBeNull()
  })

  it('keeps the password as a hash alone', async () => {
    const device = aDevice(domain)
    await signUp(device, { password: 'the secret of Ann' })
    const account = await domain.database.prisma.account.findUniqueOrThrow({ where: { userId: personOf(device) } })
    expect(account.passwordHash).toMatch(/^\$scrypt\$ln=10,r=8,p=3\$/)
    expect(JSON.stringify(account)).not.toContain('the secret')
  })

  it('gives a handle once', async () => {
    const handle = aHandle()
    await signUp(aDevice(domain), { handle })
    const { errors } = await trySignUp({ handle })
    expect(errors?.[0]?.extensions).toEqual({ code: 'CONFLICT', field: 'handle' })
  })

  it('gives a handle to one of many who want it at once', async () => {
    const handle = aHandle()
    const devices = Array.from({ length: 8 }, () => aDevice(domain))
    const answers = await Promise.all(devices.map((device) => trySignUp({ handle }, device)))
    expect(answers.map(codeOf).sort()).toEqual([...Array(7).fill('CONFLICT'), undefined])
    expect(await peopleCalled(handle)).toBe(1)
    expect(devices.filter(({ actor }) => actor.kind === 'person')).toHaveLength(1)
  })

  const long = (length: number) => 'x'.repeat(length)
  it.each<[field: keyof SignUp, what: string, value: string]>([
    ['handle', 'empty', ''],
    ['handle', 'one letter', 'a'],
    ['handle', 'too long', long(33)],
    ['handle', 'in capitals', 'Ann'],
    ['handle', 'with a blank', 'ann b'],
    ['handle', 'with a line break', 'ann\n'],
    ['handle', 'with letters of elsewhere', 'änn'],
    ['handle', 'with NUL', 'ann\0'],
    ['handle', 'with half a character', 'ann\ud800'],
    ['name', 'empty', ''],
    ['name', 'blank', '   '],
    ['name', 'too long', long(81)],
    ['name', 'with NUL', 'A\0nn'],
    ['name', 'with half a character', 'Ann \udc00'],
    ['password', 'empty', ''],
    ['password', 'too short', long(7)],
    ['password', 'too long', long(257)],
    ['password', 'with NUL', 'password\0'],
    ['password', 'with half a character', 'password\ud800'],
    ['email', 'empty', ''],
    ['email', 'none', 'ann.example.org'],
    ['email', 'with a blank', 'ann @example.org'],
    ['email', 'too long', `${long(243)}@example.org`],
    ['email', 'with NUL', 'ann@example\0.org'],
    ['email', 'with half a character', 'ann\ud800@example.org'],
  ])('refuses a %s that is %s, by name, and writes nothing', async (field, _what, value) => {
    const handle = field === 'handle' ? value : aHandle()
    const { errors } = await trySignUp({ handle, [field]: value })
    expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field })
    if (field !== 'handle') expect(await peopleCalled(handle)).toBe(0)
  })

  it('takes what is just within the limits', async () => {
    const input = { handle: long(20) + aHandle().slice(-12), name: '🦊'.repeat(80), password: long(256), email: `${long(242)}@example.org` }
    expect((await signUp(aDevice(domain), input)).viewer).toMatchObject({ email: input.email, user: { name: input.name } })
    await signUp(aDevice(domain), { password: long(8) })
  })

  it('is limited by address', async () => {
    const table = ratesOf({ signUpPerHour: 2 })
    const rates = createMemoryRates(table)
    const from = (address: string) => trySignUp({}, aDevice(domain, { rates }, { address }))
    expect([codeOf(await from('a')), codeOf(await from('a')), codeOf(await from('b'))]).toEqual([undefined, undefined, undefined])
    const { errors } = await from('a')
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) })
  })
})
