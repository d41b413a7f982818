import { beforeAll, describe, expect, it } from 'vitest'
import { createPasswords } from '../../../src/features/accounts/passwords.ts'
import type { Services } from '../../../src/graphql/context.ts'
import { createMemoryRates } from '../../../src/store/rates.ts'
import { codeOf } from '../../support/codes.ts'
import { aDomain, type Domain } from '../../support/domain.ts'
import { ratesOf } from '../../support/rates.ts'
import { aDevice, aHandle, aPassword, type Device, personOf, sessionOf, signIn, signUp, trySignIn } from './devices.ts'

let domain: Domain
beforeAll(async () => {
  domain = await aDomain()
})

const hashOf = async (userId: string) => (await domain.database.prisma.account.findUniqueOrThrow({ where: { userId } })).passwordHash

describe('signing in', () => {
  it('begins a session of its own on each device', async () => {
    const [laptop, phone] = [aDevice(domain), aDevice(domain, {}, { userAgent: 'Phone 7' })]
    const { viewer } = await signUp(laptop)
    const there = await signIn(phone, viewer.user.handle)
    expect(there.viewer).toMatchObject({ id: viewer.id, user: viewer.user })
    expect(personOf(phone)).toBe(personOf(laptop))
    expect(sessionOf(phone)).not.toBe(sessionOf(laptop))
    const { data } = await laptop.run('{ viewer { sessions { userAgent isCurrent } } }')
    expect(data).toEqual({
      viewer: {
        sessions: [
          { userAgent: 'Phone 7', isCurrent: false },
          { userAgent: null, isCurrent: true },
        ],
      },
    })
  })

  it('forgives capitals in the handle, as keyboards write them by themselves', async () => {
    const { viewer } = await signUp(aDevice(domain))
    expect(await signIn(aDevice(domain), viewer.user.handle.toUpperCase())).toMatchObject({ viewer: { id: viewer.id } })
  })

  it('answers a wrong password and an unknown handle with the same words', async () => {
    const { viewer } = await signUp(aDevice(domain))
    const device = aDevice(domain)
    const answers = [
      await trySignIn(device, viewer.user.handle, 'wrong password'),
      await trySignIn(device, aHandle()),
      await trySignIn(device, 'no handle!'),
      await trySignIn(device, (await domain.aPerson()).handle, 'without a password'),
    ]
    expect(answers.map(codeOf)).toEqual(Array(4).fill('UNAUTHENTICATED'))
    expect(new Set(answers.map(({ errors }) => errors![0]!.message)).size).toBe(1)
    expect(device.actor.kind).toBe('nobody')
  })

  it('takes as long for an unknown handle as for a wrong password', async () => {
    const passwords = createPasswords({ cost: 13 })
    const device = aDevice(domain, { passwords })
    const { viewer } = await signUp(device)
    const times: Record<'wrong' | 'unknown', number[]> = { wrong: [], unknown: [] }
    for (let round = 0; round < 9; round++) {
      for (const [which, handle] of [
        ['wrong', viewer.user.handle],
        ['unknown', aHandle()],
      ] as const) {
        const start = performance.now()
        await trySignIn(device, handle, 'wrong password')
        times[which].push(performance.now() - start)
      }
    }
    const ratio = median(times.unknown) / median(times.wrong)
    expect(ratio).toBeGreaterThan(0.6)
    expect(ratio).toBeLessThan(1.6)
  })

  it.each([
    ['handle', ''],
    ['handle', 'a\0b'],
    ['handle', 'a\ud800'],
    ['handle', 'x'.repeat(33)],
    ['password', ''],
    ['password', 'pass\0word'],
    ['password', 'password\udfff'],
    ['password', 'x'.repeat(257)],
  ])('refuses a %s that nobody could have: %j', async (field, value) => {
    const input = { handle: 'ann', password: aPassword, [field]: value }
    const { errors } = await trySignIn(aDevice(domain), input.handle, input.password)
    expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field })
  })

  it('writes the hash anew when the costs were raised, and not otherwise', async () => {
    const device = aDevice(domain)
    const { viewer } = await signUp(device)
    const before = await hashOf(personOf(device))
    await signIn(device, viewer.user.handle)
    expect(await hashOf(personOf(device))).toBe(before)

    const raised: Partial<Services> = { passwords: createPasswords({ cost: 11 }) }
    await trySignIn(aDevice(domain, raised), viewer.user.handle, 'wrong password')
    expect(await hashOf(personOf(device))).toBe(before)
    await Promise.all([1, 2, 3].map(() => signIn(aDevice(domain, raised), viewer.user.handle)))
    expect(await hashOf(personOf(device))).toMatch(/^\$scrypt\$ln=11,/)
    await signIn(aDevice(domain), viewer.user.handle)
  })

  it('of too many devices ends the one unused for longest', async () => {
    const sessionTerms = { ...domain.services.sessionTerms, mostPerPerson: 3 }
    const devices = Array.from({ length: 5 }, () => aDevice(domain, { sessionTerms }))
    const { viewer } = await signUp(devices[0]!)
    for (const device of devices.slice(1)) await signIn(device, viewer.user.handle)
    const alive = await Promise.allSettled(
      devices.map((device) => domain.services.sessions.requireAlive(sessionOf(device), personOf(device))),
    )
    expect(alive.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled'])
    const ended = domain.rung.filter(({ streamId, type }) => streamId === personOf(devices[0]!) && type === 'SessionEnded')
    expect(ended.map(({ data }) => data.sessionId)).toEqual(devices.slice(0, 2).map(sessionOf))
  })

  it('drops sessions that are long over, and keeps those that were ended lately', async () => {
    const [old, lapsed, recent, last] = [aDevice(domain), aDevice(domain), aDevice(domain), aDevice(domain)]
    const { handle } = (await signUp(old)).viewer.user
    for (const device of [lapsed, recent]) await signIn(device, handle)
    for (const device of [old, recent]) await device.run('mutation { signOut { endedSessions } }')
    const since = (column: string, device: Device) =>
      domain.database.sql(`update session set ${column} = now() - interval '31 days' where id = $1`, [sessionOf(device)])
    await since('ended_at', old)
    await since('expires_at', lapsed)
    await signIn(last, handle)
    const kept = await domain.database.prisma.session.findMany({ where: { userId: personOf(last) }, orderBy: { id: 'asc' } })
    expect(kept.map(({ id }) => id)).toEqual([recent, last].map(sessionOf))
  })

  it('keeps of what a device calls itself what can be kept', async () => {
    const device = aDevice(domain, {}, { userAgent: `A\0\ud800${'x'.repeat(300)}` })
    await signUp(device)
    const { data } = await device.run<{ viewer: { sessions: { userAgent: string }[] } }>('{ viewer { sessions { userAgent } } }')
    expect(data!.viewer.sessions[0]!.userAgent).toBe(`A\ufffd${'x'.repeat(252)}`)
  })

  it('is limited by handle and by address', async () => {
    const table = ratesOf({ signInPerMinute: 3 })
    const rates = createMemoryRates(table)
    const from = (address: string) => aDevice(domain, { rates }, { address })
    const { viewer } = await signUp(from('home'))
    const codes = async (address: string, handle: string, times: number) => {
      const found: unknown[] = []
      for (let time = 0; time < times; time++) found.push(codeOf(await trySignIn(from(address), handle, 'wrong password')))
      return found
    }
    // One address, many handles.
    for (let other = 0; other < 3; other++) expect(await codes('a', aHandle(), 1)).toEqual(['UNAUTHENTICATED'])
    expect(await codes('a', viewer.user.handle, 3)).toEqual(Array(3).fill('RATE_LIMITED'))
    // One handle, many addresses; what the first was refused did not count.
    expect([...(await codes('b', viewer.user.handle, 2)), ...(await codes('c', viewer.user.handle, 1))]).toEqual(
      Array(3).fill('UNAUTHENTICATED'),
    )
    expect(await codes('d', viewer.user.handle, 1)).toEqual(['RATE_LIMITED'])
    expect(await codes('d', viewer.user.handle.toUpperCase(), 1)).toEqual(['RATE_LIMITED'])
  })
})

function median(numbers: number[]): number {
  return numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)]!
}
