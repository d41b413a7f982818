import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { codeOf } from '../../support/codes.ts'
import type { APerson, Domain } from '../../support/domain.ts'
import { type ARoom, aDirectRoom, aGroup } from '../../support/rooms.ts'
import { aChannel, aTeam } from '../../support/teams.ts'
import {
  another,
  aQuietDomain,
  call,
  callParts,
  decline,
  end,
  expectNothingNew,
  heardIn,
  join,
  leave,
  ring,
  type ShownCall,
  saidIn,
  shown,
  statesOf,
  write,
} from './support.ts'

let domain: Domain
let ann: APerson
let ben: APerson
let cid: APerson
let room: ARoom
beforeAll(async () => {
  domain = await aQuietDomain()
})
beforeEach(async () => {
  ;[ann, ben, cid] = [await domain.aPerson('Ann'), await domain.aPerson('Ben'), await domain.aPerson('Cid')]
  room = await aGroup(ann, ben, cid)
})

/** The only error's code and field. */
async function refusal(answer: ReturnType<typeof write>): Promise<unknown[]> {
  const { errors } = await answer
  return [errors?.[0]?.extensions.code, errors?.[0]?.extensions.field]
}

describe('starting a call', () => {
  it('rings for all other members, and tells the room', async () => {
    const started = await call(ann, room, { media: 'VIDEO' })
    expect(started.call).toMatchObject({ state: 'RINGING', media: 'VIDEO', transport: 'PEER_TO_PEER', answeredAt: null, endedAt: null })
    expect(Date.parse(started.call.ringsUntil) - Date.parse(started.call.startedAt)).toBe(45_000)
    expect(started.call.startedBy.id).toBe(ann.globalId)
    expect(statesOf(started.call, ann, ben, cid)).toEqual(['JOINED', 'RINGING', 'RINGING'])
    expect(started.participant).toMatchObject({ state: 'JOINED', deviceId: 'phone', audio: true, video: true, screen: false })
    expect(started.call.participants[1]).toMatchObject({ deviceId: null, audio: false, video: false, joinedAt: null })
    expect(await heardIn(domain, room.id)).toEqual(['CallStarted'])
    expect(await heardIn(domain, ann.id)).toEqual([])
    for (const { id } of [ben, cid]) expect(await heardIn(domain, id)).toEqual(['CallRinging'])
  })

  it('shows as the active call of the room, and as ringing to whom it rings', async () => {
    const started = await call(ann, room)
    const document = 'query ($id: ID!) { room(id: $id) { activeCall { id } } viewer { ringingCalls { id } } }'
    const ask = async (person: APerson) => (await person.run<ShownCall>(document, { id: room.globalId })).data
    expect(await ask(ben)).toEqual({ room: { activeCall: { id: started.call.id } }, viewer: { ringingCalls: [{ id: started.call.id }] } })
    expect((await ask(ann)).viewer.ringingCalls).toEqual([])
    await decline(ben, started)
    expect((await ask(ben)).viewer.ringingCalls).toEqual([])
    await end(ann, started)
    expect(await ask(cid)).toEqual({ room: { activeCall: null }, viewer: { ringingCalls: [] } })
  })

  it('goes on from the first where there is nobody to ring for: alone', async () => {
    const alone = await aGroup(ann)
    const { call: begun } = await call(ann, alone)
    expect(begun).toMatchObject({ state: 'ONGOING', ringsUntil: null, answeredAt: begun.startedAt })
  })

  it('and in rooms of more members than a call rings for', async () => {
    const limits = { ...domain.services.limits, callRingsMost: 2 }
    const input = { roomId: room.globalId, media: 'AUDIO', deviceId: 'phone' }
    const document = `mutation ($input: StartCallInput!) { startCall(input: $input) { call { ${callParts} } } }`
    const { data } = await domain.as(ann.actor, { limits })<ShownCall>(document, { input })
    expect(data.startCall.call).toMatchObject({ state: 'ONGOING', ringsUntil: null })
    expect(statesOf(data.startCall.call, ben, cid)).toEqual(['NONE', 'NONE'])
    expect(await heardIn(domain, ben.id)).toEqual([])
  })

  it('rings neither for those who have blocked the caller or are blocked, nor for who could not join', async () => {
    const [dot, eve] = [await domain.aPerson('Dot'), await domain.aPerson('Eve')]
    const large = await aGroup(ann, ben, cid, dot, eve)
    await write(ann, 'blockUser', { userId: ben.globalId })
    await write(cid, 'blockUser', { userId: ann.globalId })
    await write(ann, 'muteMember', { roomId: large.globalId, userId: dot.globalId, until: '2100-01-01T00:00:00Z' })
    const { call: begun } = await call(ann, large)
    expect(statesOf(begun, ben, cid, dot, eve)).toEqual(['NONE', 'NONE', 'NONE', 'RINGING'])
    expect(await heardIn(domain, ben.id)).toEqual([])
  })

  it('joins the call of the room if there is one, and answers it if it rings', async () => {
    const first = await call(ann, room)
    const second = await call(ben, room, { media: 'VIDEO' })
    expect(second.call).toMatchObject({ id: first.call.id, media: 'AUDIO', state: 'ONGOING' })
    const third = await call(cid, room)
    expect(third.call.id).toBe(first.call.id)
    expect(await heardIn(domain, room.id)).toEqual(['CallStarted', 'CallUpdated', 'CallUpdated'])
  })

  it('repeated with its nonce gives the same place; with something else it is a conflict', async () => {
    const first = await call(ann, room, { nonce: 'once' })
    await expectNothingNew(domain, room, async () =>
      expect((await call(ann, room, { nonce: 'once' })).participant.id).toBe(first.participant.id),
    )
    await end(ann, first)
    expect(await call(ann, room, { nonce: 'once' })).toMatchObject({ call: { state: 'ENDED' }, participant: { id: first.participant.id } })
    const input = { roomId: room.globalId, media: 'VIDEO', deviceId: 'phone', nonce: 'once' }
    expect(await refusal(write(ann, 'startCall', input))).toEqual(['CONFLICT', 'nonce'])
  })

  it('makes a member of whom a public channel sees without them', async () => {
    const team = await aTeam(ann, ben)
    const channel = await aChannel(team, ann)
    await call(ben, channel)
    const { data } = await ben.run<ShownCall>('query ($id: ID!) { room(id: $id) { viewerMembership { id } } }', { id: channel.globalId })
    expect(data.room.viewerMembership).not.toBeNull()
  })

  it('refuses what is no device, no nonce and no room', async () => {
    const input = { roomId: room.globalId, media: 'AUDIO', deviceId: 'phone' }
    await expectNothingNew(domain, room, async () => {
      expect(await refusal(write(ann, 'startCall', { ...input, deviceId: ' ' }))).toEqual(['BAD_USER_INPUT', 'deviceId'])
      expect(await refusal(write(ann, 'startCall', { ...input, deviceId: 'x'.repeat(65) }))).toEqual(['BAD_USER_INPUT', 'deviceId'])
      expect(await refusal(write(ann, 'startCall', { ...input, nonce: '' }))).toEqual(['BAD_USER_INPUT', 'nonce'])
      expect(await refusal(write(ann, 'startCall', { ...input, roomId: 'nonsense' }))).toEqual(['BAD_USER_INPUT', 'roomId'])
      expect(await refusal(write(ann, 'startCall', { ...input, roomId: ann.globalId }))).toEqual(['NOT_FOUND', undefined])
      const stranger = await domain.aPerson()
      expect(await refusal(write(stranger, 'startCall', input))).toEqual(['NOT_FOUND', undefined])
    })
  })
})

describe('answering', () => {
  it('begins the call, and stops it from ringing on all devices of that person', async () => {
    const started = await call(ann, room)
    const answered = await join(ben, started)
    expect(answered.call).toMatchObject({ state: 'ONGOING' })
    expect(answered.call.answeredAt).not.toBeNull()
    expect(statesOf(answered.call, ann, ben, cid)).toEqual(['JOINED', 'JOINED', 'RINGING'])
    expect(await heardIn(domain, room.id)).toEqual(['CallStarted', 'CallUpdated'])
    expect(await heardIn(domain, ben.id)).toEqual(['CallRinging', 'CallStoppedRinging ANSWERED'])
    expect(await heardIn(domain, cid.id)).toEqual(['CallRinging'])
  })

  it('is the first device’s: repeated there it is the same place, on another a conflict', async () => {
    const started = await call(ann, room)
    const answered = await join(ben, started)
    await expectNothingNew(domain, room, async () => {
      expect((await join(ben, started)).participant.id).toBe(answered.participant.id)
      const input = { callId: started.call.id, deviceId: 'tablet' }
      expect(await refusal(write(ben, 'joinCall', input))).toEqual(['CONFLICT', 'deviceId'])
      expect(await refusal(write(another(domain, ben), 'joinCall', { ...input, deviceId: 'phone' }))).toEqual(['CONFLICT', 'deviceId'])
    })
  })

  it('is for who came into the room later too, and for who has declined or left', async () => {
    const started = await call(ann, room)
    await decline(ben, started)
    const second = await join(ben, started)
    expect(second.call.state).toBe('ONGOING')
    await leave(ben, second)
    const third = await join(ben, started)
    expect(third.participant.id).not.toBe(second.participant.id)
    expect(statesOf(third.call, ben)).toEqual(['JOINED'])
    expect(third.call.participants).toHaveLength(3)
    const dot = await domain.aPerson('Dot')
    await write(ann, 'addRoomMember', { roomId: room.globalId, userId: dot.globalId })
    expect(statesOf((await join(dot, started)).call, dot)).toEqual(['JOINED'])
  })

  it('refuses a call that is over, one that is full, and strangers', async () => {
    const started = await call(ann, room)
    const input = { callId: started.call.id, deviceId: 'phone' }
    const document = 'mutation ($input: JoinCallInput!) { done: joinCall(input: $input) { call { id } } }'
    const limits = { ...domain.services.limits, callParticipantsMost: 1 }
    await expectNothingNew(domain, room, async () => {
      expect(await refusal(domain.as(ben.actor, { limits })(document, { input }))).toEqual(['CONFLICT', 'callId'])
      expect(await refusal(write(await domain.aPerson(), 'joinCall', input))).toEqual(['NOT_FOUND', undefined])
      expect(await refusal(write(ben, 'joinCall', { ...input, callId: 'nonsense' }))).toEqual(['BAD_USER_INPUT', 'callId'])
      expect(await refusal(write(ben, 'joinCall', { ...input, callId: room.globalId }))).toEqual(['NOT_FOUND', undefined])
      expect(await refusal(write(ben, 'joinCall', { ...input, deviceId: '' }))).toEqual(['BAD_USER_INPUT', 'deviceId'])
    })
    await end(ann, started)
    expect(await refusal(write(ben, 'joinCall', input))).toEqual(['CONFLICT', 'callId'])
  })
})

describe('declining', () => {
  it('stops it from ringing for that person, and ends it with the last', async () => {
    const started = await call(ann, room)
    expect((await decline(ben, started)).call.state).toBe('RINGING')
    expect(await heardIn(domain, ben.id)).toEqual(['CallRinging', 'CallStoppedRinging DECLINED'])
    const { call: over } = await decline(cid, started)
    expect(over).toMatchObject({ state: 'ENDED', endReason: 'DECLINED' })
    expect(statesOf(over, ann, ben, cid)).toEqual(['LEFT', 'DECLINED', 'DECLINED'])
    expect(await heardIn(domain, room.id)).toEqual(['CallStarted', 'CallUpdated', 'CallEnded'])
    expect(await saidIn(domain, room)).toEqual(['CALL_ENDED'])
  })

  it('twice is once; what does not ring cannot be declined', async () => {
    const started = await call(ann, room)
    await decline(ben, started)
    await expectNothingNew(domain, room, async () => {
      await decline(ben, started)
      expect(await refusal(write(ann, 'declineCall', { callId: started.call.id }))).toEqual(['CONFLICT', 'callId'])
      expect(await refusal(write(await domain.aPerson(), 'declineCall', { callId: started.call.id }))).toEqual(['NOT_FOUND', undefined])
    })
    await join(cid, started)
    expect(await refusal(write(cid, 'declineCall', { callId: started.call.id }))).toEqual(['CONFLICT', 'callId'])
  })
})

describe('leaving', () => {
  it('before anybody has answered takes the call back', async () => {
    const started = await call(ann, room)
    const { call: over } = await leave(ann, started)
    expect(over).toMatchObject({ state: 'ENDED', endReason: 'CANCELLED', answeredAt: null })
    expect(statesOf(over, ann, ben, cid)).toEqual(['LEFT', 'MISSED', 'MISSED'])
    expect(await heardIn(domain, cid.id)).toEqual(['CallRinging', 'CallStoppedRinging CANCELLED'])
    expect(await saidIn(domain, room)).toEqual(['CALL_MISSED'])
  })

  it('ends it with the last, also where it still rings for others', async () => {
    const started = await call(ann, room)
    const answered = await join(ben, started)
    expect((await leave(ann, started)).call.state).toBe('ONGOING')
    const { call: over } = await leave(ben, answered)
    expect(over).toMatchObject({ state: 'ENDED', endReason: 'HUNG_UP' })
    expect(await heardIn(domain, cid.id)).toEqual(['CallRinging', 'CallStoppedRinging CANCELLED'])
    expect(await heardIn(domain, room.id)).toEqual(['CallStarted', 'CallUpdated', 'CallUpdated', 'CallEnded'])
    expect(await saidIn(domain, room)).toEqual(['CALL_ENDED'])
  })

  it('may be done from another device, and twice is once; others’ places and what rings are not one’s to leave', async () => {
    const started = await call(ann, room)
    const answered = await join(ben, started)
    await leave(another(domain, ben), answered)
    await expectNothingNew(domain, room, async () => {
      await leave(ben, answered)
      expect(await refusal(write(ben, 'leaveCall', { participantId: started.participant.id }))).toEqual(['FORBIDDEN', undefined])
      const rings = started.call.participants.find(({ user }: ShownCall) => user.id === cid.globalId).id
      expect(await refusal(write(cid, 'leaveCall', { participantId: rings }))).toEqual(['CONFLICT', 'participantId'])
      const stranger = await domain.aPerson()
      expect(await refusal(write(stranger, 'leaveCall', { participantId: rings }))).toEqual(['NOT_FOUND', undefined])
      expect(await refusal(write(ben, 'leaveCall', { participantId: 'nonsense' }))).toEqual(['BAD_USER_INPUT', 'participantId'])
    })
  })
})

describe('ending it for everybody', () => {
  it('is for who began it and for admins', async () => {
    const started = await call(ben, room)
    await join(cid, started)
    expect(await refusal(write(cid, 'endCall', { callId: started.call.id }))).toEqual(['FORBIDDEN', undefined])
    const { call: over } = await end(ann, started)
    expect(over).toMatchObject({ state: 'ENDED', endReason: 'HUNG_UP' })
    expect(statesOf(over, ann, ben, cid)).toEqual(['MISSED', 'LEFT', 'LEFT'])
    await expectNothingNew(domain, room, async () => expect((await end(ann, started)).call.endReason).toBe('HUNG_UP'))
  })

  it('in a direct room is for who began it alone; before it is answered it takes the call back', async () => {
    const direct = await aDirectRoom(ann, ben)
    const started = await call(ann, direct)
    expect(await refusal(write(ben, 'endCall', { callId: started.call.id }))).toEqual(['FORBIDDEN', undefined])
    expect((await end(ann, started)).call).toMatchObject({ state: 'ENDED', endReason: 'CANCELLED' })
    expect(await heardIn(domain, ben.id)).toEqual(['CallRinging', 'CallStoppedRinging CANCELLED'])
  })
})

describe('a call that nobody answers', () => {
  it('is missed when its time is up, and not before, and the room says so', async () => {
    const started = await call(ann, room)
    await decline(ben, started)
    await ring(domain, started, 44_000)
    expect((await shown(ann, started)).state).toBe('RINGING')
    await ring(domain, started, 2_000)
    const over = await shown(ann, started)
    expect(over).toMatchObject({ state: 'ENDED', endReason: 'MISSED' })
    expect(statesOf(over, ann, ben, cid)).toEqual(['LEFT', 'DECLINED', 'MISSED'])
    expect(await heardIn(domain, cid.id)).toEqual(['CallRinging', 'CallStoppedRinging MISSED'])
    expect(await saidIn(domain, room)).toEqual(['CALL_MISSED'])
  })

  it('but by some goes on, and has been missed by the others', async () => {
    const started = await call(ann, room)
    await join(ben, started)
    await ring(domain, started, 46_000)
    const now = await shown(ann, started)
    expect(now.state).toBe('ONGOING')
    expect(statesOf(now, ann, ben, cid)).toEqual(['JOINED', 'JOINED', 'MISSED'])
    expect(await heardIn(domain, room.id)).toEqual(['CallStarted', 'CallUpdated', 'CallUpdated'])
    expect(await heardIn(domain, cid.id)).toEqual(['CallRinging', 'CallStoppedRinging MISSED'])
  })
})

describe('a call', () => {
  it('is seen by whoever sees the room, by its id and as a node, and by nobody else', async () => {
    const started = await call(ann, room)
    const document = `query ($call: ID!, $place: ID!) { call(id: $call) { id } nodes(ids: [$call, $place]) { id } wrong: call(id: $place) { id } }`
    const variables = { call: started.call.id, place: started.participant.id }
    const seen = { call: { id: variables.call }, nodes: [{ id: variables.call }, { id: variables.place }], wrong: null }
    expect((await ben.run(document, variables)).data).toEqual(seen)
    const stranger = await domain.aPerson()
    expect(await stranger.run(document, variables)).toEqual({ data: { call: null, nodes: [null, null], wrong: null } })
    expect(codeOf(await ben.run('{ call(id: "nonsense") { id } }'))).toBe('BAD_USER_INPUT')
  })
})

describe('who may be in it no longer', () => {
  const removals: [string, (person: APerson) => Promise<unknown>][] = [
    ['is removed from the room', (person) => write(ann, 'removeRoomMember', { roomId: room.globalId, userId: person.globalId })],
    ['leaves the room', (person) => write(person, 'removeRoomMember', { roomId: room.globalId, userId: person.globalId })],
    ['is muted', (person) => write(ann, 'muteMember', { roomId: room.globalId, userId: person.globalId, until: '2100-01-01T00:00:00Z' })],
  ]

  it.each(removals)('since they are in it and somebody %s, is taken out', async (_name, remove) => {
    const started = await call(ann, room)
    await join(ben, started)
    await remove(ben)
    await domain.services.calls.tick()
    const now = await shown(ann, started)
    expect(now.state).toBe('ONGOING')
    expect(statesOf(now, ann, ben)).toEqual(['JOINED', 'LEFT'])
  })

  it.each(removals)('since it rings for them and somebody %s, is rung for no longer', async (_name, remove) => {
    const started = await call(ann, room)
    await remove(ben)
    await domain.services.calls.tick()
    expect(statesOf(await shown(ann, started), ben, cid)).toEqual(['MISSED', 'RINGING'])
    expect(await heardIn(domain, ben.id)).toEqual(['CallRinging', 'CallStoppedRinging FAILED'])
  })

  it('is everybody in a room that is archived, and in a direct room where one blocks the other', async () => {
    const direct = await aDirectRoom(ann, ben)
    const inRoom = await call(ann, room)
    const inDirect = await call(ben, direct)
    await join(ann, inDirect)
    await write(ann, 'archiveRoom', { roomId: room.globalId })
    await write(ann, 'blockUser', { userId: ben.globalId })
    await domain.services.calls.tick()
    expect(await shown(ann, inRoom)).toMatchObject({ state: 'ENDED', endReason: 'FAILED' })
    expect(await shown(ann, inDirect)).toMatchObject({ state: 'ENDED', endReason: 'FAILED' })
    expect(await heardIn(domain, cid.id)).toEqual(['CallRinging', 'CallStoppedRinging FAILED'])
    expect(await saidIn(domain, room)).toEqual(['CALL_MISSED'])
    expect(await saidIn(domain, direct)).toEqual(['CALL_ENDED'])
  })
  it('is whoever ran the room while they were muted, and runs it no longer', async () => {
    const mute = { roomId: room.globalId, userId: ben.globalId, until: '2100-01-01T00:00:00Z' }
    await write(ann, 'muteMember', mute)
    await write(ann, 'setRoomRole', { roomId: room.globalId, userId: ben.globalId, role: 'ADMIN' })
    const started = await call(ann, room)
    await join(ben, started)
    await write(ann, 'setRoomRole', { roomId: room.globalId, userId: ben.globalId, role: 'MEMBER' })
    await domain.services.calls.tick()
    expect(statesOf(await shown(ann, started), ann, ben)).toEqual(['JOINED', 'LEFT'])
  })

  it('is whoever led the team of the channel while they were muted, and leads it no longer', async () => {
    const team = await aTeam(ann, ben, cid)
    const channel = await aChannel(team, ann)
    for (const { globalId } of [ben, cid]) await write(ann, 'addRoomMember', { roomId: channel.globalId, userId: globalId })
    await write(ann, 'muteMember', { roomId: channel.globalId, userId: ben.globalId, until: '2100-01-01T00:00:00Z' })
    const lead = (person: APerson, role: string) => write(ann, 'setTeamRole', { teamId: team.globalId, userId: person.globalId, role })
    for (const person of [ben, cid]) await lead(person, 'LEAD')
    const started = await call(ann, channel)
    for (const person of [ben, cid]) await join(person, started)
    for (const person of [ben, cid]) await lead(person, 'MEMBER')
    await domain.services.calls.tick()
    expect(statesOf(await shown(ann, started), ann, ben, cid)).toEqual(['JOINED', 'LEFT', 'JOINED'])
  })
})
