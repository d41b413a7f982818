import { TokenVerifier } from 'livekit-server-sdk'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { beginIn } from '../../../src/features/calls/beginning.ts'
import { createLivekit } from '../../../src/features/calls/livekit.ts'
import { noSfu, type SfuTerms, transportOf } from '../../../src/features/calls/sfu.ts'
import { Person } from '../../../src/graphql/actor.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import { codeOf } from '../../support/codes.ts'
import type { APerson, Domain } from '../../support/domain.ts'
import { type Livekit, livekitOptions, startLivekit } from '../../support/livekit.ts'
import { type ARoom, aDirectRoom, aGroup } from '../../support/rooms.ts'
import { aChannel, aTeam } from '../../support/teams.ts'
import { schedule } from '../meetings/support.ts'
import { aQuietDomain, call, end, type Joined, join, leave, type ShownCall, shown, write } from './support.ts'

let livekit: Livekit
let domain: Domain
let ann: APerson
let ben: APerson
let cid: APerson
beforeAll(async () => {
  domain = await aQuietDomain()
  livekit = await startLivekit()
})
afterAll(() => livekit.stop())
beforeEach(async () => {
  ;[ann, ben, cid] = [await aPerson('Ann', 2), await aPerson('Ben', 2), await aPerson('Cid', 2)]
})

/** Whose node has an SFU for rooms of more than so many; undefined: none. */
const withSfu = (person: APerson, above: number | undefined): APerson => {
  const sfu: SfuTerms = above === undefined ? noSfu : { server: createLivekit(livekitOptions(livekit)), above }
  return { ...person, run: domain.as(person.actor, { calls: { ...domain.services.calls, sfu } }) }
}
const aPerson = async (name: string, above: number | undefined) => withSfu(await domain.aPerson(name), above)

const parts = 'call { id transport } participant { id } sfu { url token expiresAt }'
const ask = async (person: APerson, mutation: string, input: Record<string, unknown>): Promise<ShownCall> => {
  const { data, errors } = await write(person, mutation, input, parts)
  if (errors) throw errors[0]
  return data!.done
}
const joinWith = (person: APerson, { call: { id } }: Pick<Joined, 'call'>, deviceId = 'phone') =>
  ask(person, 'joinCall', { callId: id, deviceId })
const grantIn = ({ sfu: { token } }: ShownCall) =>
  new TokenVerifier(livekit.env.LIVEKIT_API_KEY, livekit.env.LIVEKIT_API_SECRET).verify(token, 0)

describe('the transport of a call', () => {
  it.each([
    [4, 4, 'PEER_TO_PEER'],
    [4, 5, 'SFU'],
    [0, 1, 'SFU'],
  ] as const)('above %i, where %i may come, is %s', (above, mayCome, transport) => {
    const server = createLivekit(livekitOptions(livekit))
    expect(transportOf({ server, above }, mayCome)).toBe(transport)
    expect(transportOf({ server: undefined, above }, mayCome)).toBe('PEER_TO_PEER')
  })

  it('follows from how many are in the room, also in a channel that only some of the team have joined', async () => {
    expect((await call(ann, await aGroup(ann, ben, cid))).call.transport).toBe('SFU')
    expect((await call(ann, await aGroup(ann, ben))).call.transport).toBe('PEER_TO_PEER')
    const team = await aTeam(ann, ben, cid)
    expect((await call(ann, team.general)).call.transport).toBe('SFU')
    const channel = await aChannel(team, ann, { members: [ben] })
    // Who begins it becomes a member by that, the third.
    expect((await call(cid, channel)).call.transport).toBe('SFU')
    expect((await call(ann, await aChannel(team, ann, { isPrivate: true, members: [ben] }))).call.transport).toBe('PEER_TO_PEER')
  })

  it('is SFU for all where all are to go through it, those of direct rooms too; and for none without one', async () => {
    const room = await aDirectRoom(ann, ben)
    const first = await call(ann, room)
    expect(first.call.transport).toBe('PEER_TO_PEER')
    await end(ann, first)
    const everything = await call(withSfu(ann, 0), room)
    expect(everything.call.transport).toBe('SFU')
    await end(ann, everything)
    const none = withSfu(ann, undefined)
    const input = { roomId: room.globalId, media: 'AUDIO', deviceId: 'phone' }
    expect(await ask(none, 'startCall', input)).toMatchObject({ call: { transport: 'PEER_TO_PEER' }, sfu: null })
  })

  it('follows from how many are invited where those are more, and from the members where they are', async () => {
    const sfu: SfuTerms = { server: createLivekit(livekitOptions(livekit)), above: 2 }
    const begin = async (room: ARoom, invited: number) => {
      const begun = await domain.services.transact([room.id], (tx) =>
        beginIn(tx, { roomId: room.id, media: 'AUDIO', personId: ann.id, others: [], endsAt: tx.at, sfu, invited }),
      )
      return begun.transport
    }
    expect(await begin(await aGroup(ann, ben), 3)).toBe('SFU')
    expect(await begin(await aGroup(ann, ben), 2)).toBe('PEER_TO_PEER')
    expect(await begin(await aGroup(ann, ben, cid), 1)).toBe('SFU')
  })

  it('stays what it was when the call began', async () => {
    const [small, large] = [await aGroup(ann, ben), await aGroup(ann, ben, cid)]
    const [direct, through] = [await call(ann, small), await call(ann, large)]
    await write(ann, 'addRoomMember', { roomId: small.globalId, userId: cid.globalId })
    await write(ann, 'removeRoomMember', { roomId: large.globalId, userId: cid.globalId })
    expect((await shown(ann, direct)).transport).toBe('PEER_TO_PEER')
    expect((await shown(ann, through)).transport).toBe('SFU')
    expect(await joinWith(cid, direct)).toMatchObject({ call: { transport: 'PEER_TO_PEER' }, sfu: null })
  })
})

describe('joining a call that goes through the SFU', () => {
  it('gives each a grant: for this call, as this participant, for a minute', async () => {
    const room = await aGroup(ann, ben, cid)
    const mine = await ask(ann, 'startCall', { roomId: room.globalId, media: 'AUDIO', deviceId: 'phone' })
    const theirs = await joinWith(ben, mine)
    for (const joined of [mine, theirs]) {
      expect(joined.sfu.url).toBe(livekit.url)
      expect(await grantIn(joined)).toMatchObject({ sub: joined.participant.id, video: { roomJoin: true, room: mine.call.id } })
      expect((await grantIn(joined)).exp! * 1000).toBe(Date.parse(joined.sfu.expiresAt))
      expect(Math.abs(Date.parse(joined.sfu.expiresAt) - Date.now() - 60_000)).toBeLessThan(10_000)
      await livekit.connect(joined.sfu.token)
    }
    expect(livekit.presentIn(mine.call.id)).toEqual([mine.participant.id, theirs.participant.id])
  })

  it('gives one to whoever joins a meeting, for which more are invited than are in the room', async () => {
    const room = await aGroup(ann, ben)
    const meeting = await schedule(ann, room, { attendeeIds: [ben.globalId, cid.globalId] })
    const joined = await ask(ann, 'joinMeeting', { meetingId: meeting.globalId, deviceId: 'phone' })
    expect(joined.call.transport).toBe('SFU')
    expect(await grantIn(joined)).toMatchObject({ sub: joined.participant.id, video: { room: joined.call.id } })
    expect((await call(ben, room)).call.transport).toBe('PEER_TO_PEER')
  })

  it('gives a fresh one when it is repeated on the same device', async () => {
    const mine = await ask(ann, 'startCall', { roomId: (await aGroup(ann, ben, cid)).globalId, media: 'AUDIO', deviceId: 'phone' })
    // Tokens hold whole seconds.
    await expect.poll(async () => (await joinWith(ann, mine)).sfu.expiresAt, { interval: 100, timeout: 5000 }).not.toBe(mine.sfu.expiresAt)
    const again = await joinWith(ann, mine)
    expect(again.participant.id).toBe(mine.participant.id)
    expect((await grantIn(again)).sub).toBe(mine.participant.id)
  })

  it('gives none to strangers, to other devices, to who has been removed or muted, nor in a call that is over', async () => {
    const room = await aGroup(ann, ben, cid)
    const mine = await call(ann, room)
    const refusal = async (person: APerson, deviceId = 'phone') => {
      const { data, errors } = await write(person, 'joinCall', { callId: mine.call.id, deviceId }, parts)
      return [data ?? null, codeOf({ errors }), errors?.[0]?.extensions.field]
    }
    expect(await refusal(await aPerson('Dot', 2))).toEqual([null, 'NOT_FOUND', undefined])
    expect(await refusal(ann, 'laptop')).toEqual([null, 'CONFLICT', 'deviceId'])
    const elsewhere = new Person(ann.id, uuid())
    expect(await refusal(withSfu({ ...ann, actor: elsewhere }, 2))).toEqual([null, 'CONFLICT', 'deviceId'])
    await join(ben, mine)
    await write(ann, 'removeRoomMember', { roomId: room.globalId, userId: ben.globalId })
    expect(await refusal(ben)).toEqual([null, 'NOT_FOUND', undefined])
    await write(ann, 'muteMember', { roomId: room.globalId, userId: cid.globalId, until: '2100-01-01T00:00:00Z' })
    expect(await refusal(cid)).toEqual([null, 'FORBIDDEN', undefined])
    await end(ann, mine)
    expect(await refusal(ann)).toEqual([null, 'CONFLICT', 'callId'])
  })

  it('gives none by a nonce to whoever has left the call meanwhile, or is the same person elsewhere', async () => {
    const input = { roomId: (await aGroup(ann, ben, cid)).globalId, media: 'AUDIO', deviceId: 'phone', nonce: 'one' }
    const mine = await ask(ann, 'startCall', input)
    expect((await ask(ann, 'startCall', input)).sfu).not.toBeNull()
    const elsewhere = withSfu({ ...ann, actor: new Person(ann.id, uuid()) }, 2)
    expect(await ask(elsewhere, 'startCall', input)).toMatchObject({ participant: mine.participant, sfu: null })
    await join(ben, mine)
    await leave(ann, mine)
    expect(await ask(ann, 'startCall', input)).toMatchObject({ participant: mine.participant, sfu: null })
  })

  it('gives none where there is no SFU any more', async () => {
    const mine = await call(ann, await aGroup(ann, ben, cid))
    expect(await joinWith(withSfu(ben, undefined), mine)).toMatchObject({ call: { transport: 'SFU' }, sfu: null })
  })
})
