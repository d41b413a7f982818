import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Presence } from '../../../src/features/presence/presence.ts'
import { codeOf } from '../../support/codes.ts'
import { type APerson, aDomain, type Domain, nobody } from '../../support/domain.ts'
import { aTeam } from '../../support/teams.ts'
import { aPresence } from './support.ts'

const document = `mutation ($input: SetPresenceInput!) { setPresence(input: $input) { user { id presence { status text lastSeenAt } } } }`
const ahead = new Date('2100-01-01T00:00:00Z')

let domain: Domain
let presence: Presence
let ann: APerson
let ben: APerson
beforeAll(async () => {
  domain = await aDomain()
})
beforeEach(async () => {
  presence = aPresence(domain)
  ;[ann, ben] = await Promise.all([domain.aPerson('Ann'), domain.aPerson('Ben')])
  await aTeam(ann, ben)
})

const set = (person: APerson, input: Record<string, unknown>) => domain.as(person.actor, { presence })(document, { input })
const answered = async (input: Record<string, unknown>) =>
  ((await set(ann, input)).data as { setPresence: { user: { presence: unknown } } }).setPresence.user.presence
const rowOf = (person: APerson) => domain.database.prisma.presence.findUnique({ where: { userId: person.id } })
const head = (person: APerson) => domain.services.log.head(person.id)

describe('setPresence', () => {
  it('is what others see while one is there', async () => {
    presence.arrive(ann.id)
    for (const status of ['AWAY', 'DO_NOT_DISTURB', 'ONLINE'] as const)
      expect(await answered({ status })).toEqual({ status, text: null, lastSeenAt: null })
    expect(await presence.shown(ben.id, ann.id)).toMatchObject({ status: 'ONLINE' })
  })

  it('makes nobody be there who is not', async () => {
    expect(await answered({ status: 'AWAY' })).toEqual({ status: 'OFFLINE', text: null, lastSeenAt: null })
  })

  it('leaves alone what is absent, and clears by null', async () => {
    presence.arrive(ann.id)
    expect(await answered({ status: 'AWAY', text: '  Lunch ', until: ahead.toISOString() })).toMatchObject({ text: 'Lunch' })
    expect(await answered({ status: 'ONLINE' })).toMatchObject({ status: 'ONLINE', text: 'Lunch' })
    expect(await rowOf(ann)).toMatchObject({ until: ahead })
    expect(await answered({ status: 'ONLINE', text: null, until: null })).toMatchObject({ text: null })
    expect(await rowOf(ann)).toMatchObject({ text: null, until: null })
  })

  it('of OFFLINE looks like having gone just now', async () => {
    presence.arrive(ann.id)
    await set(ann, { status: 'AWAY', text: 'Back soon' })
    const shown = (await answered({ status: 'OFFLINE' })) as { lastSeenAt: Date }
    expect(shown).toMatchObject({ status: 'OFFLINE', text: 'Back soon' })
    expect(Date.now() - new Date(shown.lastSeenAt).getTime()).toBeLessThan(5000)
    const since = (await rowOf(ann))!.lastSeenAt
    await set(ann, { status: 'OFFLINE', text: 'Still here' })
    expect((await rowOf(ann))!.lastSeenAt).toEqual(since)
  })

  it('lapses at its time, also for what is set after it', async () => {
    presence.arrive(ann.id)
    await set(ann, { status: 'DO_NOT_DISTURB', text: 'Meeting', until: ahead.toISOString() })
    await domain.database.sql(`update presence set until = now() - interval '1 minute' where user_id = $1`, [ann.id])
    expect(await presence.shown(ben.id, ann.id)).toEqual({ userId: ann.id, status: 'ONLINE', text: null, lastSeenAt: null })
    expect(await answered({ status: 'AWAY' })).toEqual({ status: 'AWAY', text: null, lastSeenAt: null })
    expect(await rowOf(ann)).toMatchObject({ text: null, until: null })
  })

  it('is heard of on one’s own devices, once, and by nobody when it changes nothing', async () => {
    const before = await Promise.all([head(ann), head(ben)])
    await set(ann, { status: 'AWAY', text: 'Lunch' })
    await set(ann, { status: 'AWAY', text: 'Lunch' })
    await set(ann, { status: 'AWAY' })
    expect(await Promise.all([head(ann), head(ben)])).toEqual([before[0]! + 1, before[1]])
    expect((await domain.services.log.after(ann.id, before[0]!, 10)).map(({ type }) => type)).toEqual(['ViewerUpdated'])
  })

  it.each([
    ['a time that has passed', { until: '2020-01-01T00:00:00Z' }, 'until'],
    ['a text that is too long', { text: 'x'.repeat(101) }, 'text'],
    ['an empty text', { text: ' ' }, 'text'],
    ['a text of two lines', { text: 'One\nTwo' }, 'text'],
    ['a NUL', { text: 'a\0b' }, 'text'],
  ])('refuses %s', async (_name, input, field) => {
    const before = await head(ann)
    const { errors } = await set(ann, { status: 'AWAY', ...input })
    expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field })
    expect([await rowOf(ann), await head(ann)]).toEqual([null, before])
  })

  it('takes a text of 100 characters, and nothing of whoever has not signed in', async () => {
    expect(codeOf(await set(ann, { status: 'AWAY', text: '😀'.repeat(100) }))).toBeUndefined()
    expect(codeOf(await domain.as(nobody)(document, { input: { status: 'AWAY' } }))).toBe('UNAUTHENTICATED')
  })
})
