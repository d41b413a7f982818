import { beforeAll, describe, expect, it } from 'vitest'
import { readCursor } from '../../../src/engine/cursor.ts'
import { Audience } from '../../../src/graphql/actor.ts'
import type { StoredEvent } from '../../../src/store/transact.ts'
import { applyEvents, type Rules, type ShownEvent, type State } from '../../support/apply-events.ts'
import { aDomain, type Domain } from '../../support/domain.ts'
import { showEvent } from '../../support/show-event.ts'
import { aDevice, aPassword, type Device, personOf, sessionOf, signIn, signUp } from './devices.ts'

let domain: Domain
beforeAll(async () => {
  domain = await aDomain()
})

const update = 'mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { viewer { email user { name } } user { name } } }'

describe('updating the profile', () => {
  it('changes what is named, leaves what is absent, and clears what is null', async () => {
    const device = aDevice(domain)
    await signUp(device, { name: 'Ann', email: 'ann@example.org' })
    const updated = async (input: object) => {
      const { data, errors } = await device.run<{ updateProfile: { viewer: { email: string | null }; user: { name: string } } }>(update, {
        input,
      })
      expect(errors).toBeUndefined()
      return [data!.updateProfile.user.name, data!.updateProfile.viewer.email]
    }
    expect(await updated({})).toEqual(['Ann', 'ann@example.org'])
    expect(await updated({ name: ' Anna ' })).toEqual(['Anna', 'ann@example.org'])
    expect(await updated({ email: 'anna@example.org' })).toEqual(['Anna', 'anna@example.org'])
    expect(await updated({ email: null })).toEqual(['Anna', null])
    expect(await updated({ name: 'A', email: 'a@b' })).toEqual(['A', 'a@b'])
  })

  it('tells the other devices, and only when something was to be changed', async () => {
    const device = aDevice(domain)
    await signUp(device)
    const heard = () => domain.rung.filter(({ streamId, type }) => streamId === personOf(device) && type === 'ViewerUpdated').length
    await device.run(update, { input: {} })
    expect(heard()).toBe(0)
    await device.run(update, { input: { name: 'Anna' } })
    expect(heard()).toBe(1)
  })

  it.each([
    ['name', null],
    ['name', ''],
    ['name', '  '],
    ['name', 'x'.repeat(81)],
    ['name', 'A\0'],
    ['name', 'A\ud800'],
    ['email', ''],
    ['email', 'nowhere'],
    ['email', `${'x'.repeat(251)}@b.c`],
    ['email', 'a\0@b'],
    ['email', 'a@\udfffb'],
  ])('refuses a %s of %j by name, and changes nothing', async (field, value) => {
    const device = aDevice(domain)
    await signUp(device, { name: 'Ann' })
    const { errors } = await device.run(update, { input: { name: 'Other', email: 'other@example.org', [field]: value } })
    expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field })
    expect((await device.run('{ viewer { email user { name } } }')).data).toEqual({ viewer: { email: null, user: { name: 'Ann' } } })
  })
})

describe('what the inbox tells of the account', () => {
  const viewerFields = '__typename id email user { __typename id name } sessions { __typename id userAgent }'
  const follow = `subscription { inbox { __typename cursor at
    ... on ViewerUpdated { viewer { ${viewerFields} } }
    ... on SessionEnded { sessionId viewer { ${viewerFields} } } } }`

  async function show(device: Device, event: StoredEvent, actor = device.actor): Promise<ShownEvent> {
    const { data, errors } = await showEvent<{ inbox: ShownEvent }>(domain, actor, follow, event)
    if (errors) throw errors[0]
    // As it is on the wire.
    return JSON.parse(JSON.stringify(data!.inbox))
  }

  const read = async (device: Device): Promise<State> =>
    JSON.parse(JSON.stringify((await device.run(`{ viewer { ${viewerFields} } }`)).data))

  const rules: Rules = {
    ViewerUpdated({ viewer }, event) {
      viewer.sessions = event.viewer.sessions
    },
    SessionEnded({ viewer }, { sessionId }) {
      viewer.sessions = viewer.sessions.filter(({ id }: { id: string }) => id !== sessionId)
    },
  }

  it.each<[name: string, act: (others: readonly Device[], handle: string) => Promise<unknown>, types: string[]]>([
    [
      'updateProfile',
      ([one]) => one!.run('mutation { updateProfile(input: { name: "Other", email: "o@b" }) { user { id } } }'),
      ['ViewerUpdated'],
    ],
    ['signIn', (_others, handle) => signIn(aDevice(domain, {}, { userAgent: 'New' }), handle), ['ViewerUpdated']],
    ['signOut', ([one]) => one!.run('mutation { signOut { endedSessions } }'), ['SessionEnded']],
    [
      'signOut everywhere',
      ([one]) => one!.run('mutation { signOut(input: { everywhere: true }) { endedSessions } }'),
      Array(3).fill('SessionEnded'),
    ],
    [
      'revokeSession',
      ([one, two]) =>
        one!.run('mutation ($id: ID!) { revokeSession(input: { sessionId: $id }) { viewer { id } } }', {
          id: Buffer.from(`Session:${sessionOf(two!)}`).toString('base64url'),
        }),
      ['SessionEnded'],
    ],
    [
      'changePassword',
      ([one]) =>
        one!.run(
          `mutation { changePassword(input: { currentPassword: "${aPassword}", newPassword: "another password" }) { viewer { id } } }`,
        ),
      Array(2).fill('SessionEnded'),
    ],
  ])('makes the state that another device held after %s what it reads anew', async (_name, act, types) => {
    const [watching, ...others] = [aDevice(domain), aDevice(domain), aDevice(domain)]
    const { viewer } = await signUp(watching!)
    for (const device of others) await signIn(device, viewer.user.handle)
    const before = await read(watching!)
    const since = domain.rung.length
    await act(others, viewer.user.handle)
    const events = domain.rung.slice(since).filter(({ streamId }) => streamId === personOf(watching!))
    expect(events.map(({ type }) => type)).toEqual(types)
    const shown = await Promise.all(events.map((event) => show(watching!, event)))
    const after = await read(watching!)
    expect(after).not.toEqual(before)
    expect(applyEvents(before, shown, rules)).toEqual(after)
    expect(applyEvents(applyEvents(before, shown, rules), shown, rules)).toEqual(after)
  })

  it('is in its place, and at the time it happened', async () => {
    const device = aDevice(domain)
    await signUp(device)
    await device.run('mutation { updateProfile(input: { name: "One" }) { user { id } } }')
    await device.run('mutation { updateProfile(input: { name: "Two" }) { user { id } } }')
    const events = domain.rung.filter(({ streamId }) => streamId === personOf(device))
    const shown = await Promise.all(events.map((event) => show(device, event)))
    expect(shown.map(({ cursor }) => readCursor(cursor, personOf(device), domain.services.epoch))).toEqual([1, 2])
    expect(shown[1]!.at >= shown[0]!.at).toBe(true)
  })

  it('may be shown to all devices of the person at once, since it depends on nothing but the person', async () => {
    const device = aDevice(domain)
    await signUp(device, { email: 'ann@example.org' })
    await device.run('mutation { updateProfile(input: { name: "One" }) { user { id } } }')
    const event = domain.rung.find(({ streamId }) => streamId === personOf(device))!
    const audience = new Audience(personOf(device))
    expect(await show(device, event, audience)).toMatchObject({ viewer: { email: 'ann@example.org', user: { name: 'One' } } })
    expect(audience.askedFor).toBeUndefined()
  })

  it('is shown to each device by itself when it asks which session is its own', async () => {
    const device = aDevice(domain)
    await signUp(device)
    await device.run('mutation { updateProfile(input: { name: "One" }) { user { id } } }')
    const event = domain.rung.find(({ streamId }) => streamId === personOf(device))!
    const asks = 'subscription { inbox { ... on ViewerUpdated { viewer { sessions { isCurrent } } } } }'
    const audience = new Audience(personOf(device))
    expect((await showEvent(domain, audience, asks, event)).errors).toHaveLength(1)
    expect(audience.askedFor).toBeDefined()
    expect((await showEvent(domain, device.actor, asks, event)).data).toEqual({ inbox: { viewer: { sessions: [{ isCurrent: true }] } } })
  })
})
