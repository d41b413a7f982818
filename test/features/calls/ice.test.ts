import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { iceServersFor } from '../../../src/features/calls/ice.ts'
import { type Coturn, startCoturn } from '../../support/coturn.ts'
import { type APerson, aDomain, type Domain } from '../../support/domain.ts'
import { type ARoom, aGroup } from '../../support/rooms.ts'
import { describeWith } from '../../support/services.ts'
import { askForRelay } from '../../support/turn.ts'
import { another, call, end, join, type ShownCall } from './support.ts'

const terms = {
  stunUrls: ['stun:stun.example.org'],
  turnUrls: ['turn:turn.example.org'],
  turnSecret: 'secret',
  turnCredentialMs: 3_600_000,
}

describe('the servers', () => {
  it('are those that are configured; TURN with a name that says until when and whose, and its signature', () => {
    const now = Date.parse('2026-11-21T12:00:00.400Z')
    expect(iceServersFor('ann', terms, now)).toEqual([
      { urls: ['stun:stun.example.org'], username: null, credential: null, expiresAt: null },
      {
        urls: ['turn:turn.example.org'],
        username: '1795266000:ann',
        // printf %s 1795266000:ann | openssl dgst -binary -sha1 -hmac secret | base64
        credential: 'oA6l64QiNeyBfINIsQ17iJs8YQw=',
        expiresAt: new Date('2026-11-21T13:00:00.000Z'),
      },
    ])
    expect(iceServersFor('ann', { ...terms, stunUrls: [], turnUrls: [] }, now)).toEqual([])
  })
})

describe('asking for them', () => {
  let domain: Domain
  let ann: APerson
  let ben: APerson
  let room: ARoom
  beforeAll(async () => {
    domain = await aDomain()
  })
  beforeEach(async () => {
    ;[ann, ben] = [await domain.aPerson('Ann'), await domain.aPerson('Ben')]
    room = await aGroup(ann, ben)
  })
  const withServers = (person: APerson) => domain.as(person.actor, { calls: { ...domain.services.calls, ice: terms } })
  const ask = async (person: APerson, participantId: string) => {
    const document = 'query ($id: ID!) { iceServers(participantId: $id) { urls username credential expiresAt } }'
    const { data, errors } = await withServers(person)<ShownCall>(document, { id: participantId })
    return data?.iceServers ?? [errors![0]!.extensions.code, errors![0]!.extensions.field]
  }

  it('is for who is in a live call, on the device that is', async () => {
    const mine = await call(ann, room)
    const servers = await ask(ann, mine.participant.id)
    expect(servers).toHaveLength(2)
    expect(servers[1].username).toMatch(new RegExp(`^\\d+:${ann.id}$`))
    expect(Math.abs(Date.parse(servers[1].expiresAt) - Date.now() - 3_600_000)).toBeLessThan(60_000)

    const rings = mine.call.participants.find(({ user }: ShownCall) => user.id === ben.globalId).id
    expect(await ask(ben, rings)).toEqual(['CONFLICT', 'participantId'])
    expect(await ask(ben, mine.participant.id)).toEqual(['FORBIDDEN', undefined])
    expect(await ask(another(domain, ann), mine.participant.id)).toEqual(['FORBIDDEN', undefined])
    expect(await ask(await domain.aPerson(), mine.participant.id)).toEqual(['NOT_FOUND', undefined])
    expect(await ask(ann, 'nonsense')).toEqual(['BAD_USER_INPUT', 'participantId'])
    await join(ben, mine)
    await end(ann, mine)
    expect(await ask(ann, mine.participant.id)).toEqual(['CONFLICT', 'participantId'])
  })

  it('is not needed after joining; who repeats a call that is over is given none', async () => {
    const document = `mutation ($input: StartCallInput!) { startCall(input: $input) { call { id } participant { id } iceServers { username } } }`
    const input = { roomId: room.globalId, media: 'AUDIO', deviceId: 'phone', nonce: 'one' }
    const start = async () => (await withServers(ann)<ShownCall>(document, { input })).data.startCall
    const started = await start()
    expect(started.iceServers).toEqual([{ username: null }, { username: expect.stringContaining(ann.id) }])
    await end(ann, started)
    expect((await start()).iceServers).toEqual([])
  })
})

describeWith(['coturn'], 'a real TURN server', () => {
  let coturn: Coturn
  beforeAll(async () => {
    coturn = await startCoturn('secret')
  })
  afterAll(() => coturn?.stop())

  it('gives a relay to who has such credentials, and to nobody with old, foreign or forged ones', async () => {
    const of = (more: Partial<typeof terms> = {}, now?: number) => {
      const { username, credential } = iceServersFor('ann', { ...terms, ...more }, now).at(-1)!
      return { username: username!, credential: credential! }
    }
    expect(await askForRelay(coturn.port, of())).toBe(0)
    expect(await askForRelay(coturn.port, of({}, Date.now() - 3_602_000))).toBe(401)
    expect(await askForRelay(coturn.port, of({ turnSecret: 'another' }))).toBe(401)
    expect(await askForRelay(coturn.port, { ...of(), username: of().username.replace('ann', 'ben') })).toBe(401)
  })
})
