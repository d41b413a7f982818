import { afterAll, beforeAll, expect, it } from 'vitest'
import { sharedPostgres } from '../support/postgres.ts'
import { sharedRedis } from '../support/redis.ts'
import { describeWith } from '../support/services.ts'
import { until } from '../support/until.ts'
import { callOf, joinCall, listen, rings, type Seat, send, startCall, stateOf } from './calling.ts'
import { startDyingNode } from './dying.ts'
import { anotherDevice, inTurns, type Person, password } from './person.ts'
import { write } from './place.ts'
import { inEachWorld, onTwoNodes, startNodes, type World } from './world.ts'

inEachWorld('calls', (world) => {
  async function aPair() {
    const [here, there = here] = world().nodes
    const ada = await world().aPerson('Ada', here!)
    const ben = await world().aPerson('Ben', there!)
    return { ada, ben, roomId: await ada.open(ben) }
  }

  it('one calls, the other hears it ring, answers, and both find each other', async () => {
    const { ada, ben, roomId } = await aPair()
    const inbox = await rings(ben)
    const caller = await startCall(ada, roomId)
    const atAda = listen(ada, caller)
    await inbox.count(1)
    expect(inbox.heard[0]).toMatchObject({ __typename: 'CallRinging', callId: caller.callId, participant: { state: 'RINGING' } })
    expect(await stateOf(ben, caller.callId)).toBe('RINGING')

    const callee = await joinCall(ben, caller.callId)
    // Before Ben listens.
    await send(ada, caller.participantId, callee.participantId, 'OFFER', { type: 'offer', sdp: 'v=0' })
    await send(ada, caller.participantId, callee.participantId, 'ICE_CANDIDATE', { candidate: 'a' })
    const atBen = listen(ben, callee)
    await atBen.count(2)
    expect(atBen.heard.map(({ seq, kind, payload, from }) => [seq, kind, payload, from.user.id])).toEqual([
      [1, 'OFFER', { type: 'offer', sdp: 'v=0' }, ada.id],
      [2, 'ICE_CANDIDATE', { candidate: 'a' }, ada.id],
    ])
    await send(ben, callee.participantId, caller.participantId, 'ANSWER', { type: 'answer', sdp: 'v=0' })
    await atAda.count(1)
    expect(atAda.heard).toMatchObject([{ seq: 1, kind: 'ANSWER', from: { user: { id: ben.id } } }])
    await inbox.count(2)
    expect(inbox.heard[1]).toMatchObject({ __typename: 'CallStoppedRinging', reason: 'ANSWERED' })

    await write(ada, 'leaveCall', { participantId: caller.participantId })
    expect(await atAda.ended).toEqual(['NOT_FOUND'])
    expect(await stateOf(ben, caller.callId)).toBe('JOINED')
    await write(ben, 'leaveCall', { participantId: callee.participantId })
    expect(await atBen.ended).toEqual(['NOT_FOUND'])
    expect(await callOf(ada, caller.callId)).toMatchObject({ state: 'ENDED', endReason: 'HUNG_UP' })
    const again = listen(ben, callee)
    expect(await again.ended).toEqual(['NOT_FOUND'])
    for (const hearing of [inbox, atAda, atBen, again]) hearing.stop()
  })

  it('a device that begins anew hears from the first signal that is still kept', async () => {
    const { ada, ben, roomId } = await aPair()
    const caller = await startCall(ada, roomId)
    const callee = await joinCall(ben, caller.callId)
    for (const number of [1, 2, 3]) await send(ada, caller.participantId, callee.participantId, 'ICE_CANDIDATE', number)
    const id = Buffer.from(callee.participantId, 'base64url').toString().split(':')[1]!
    await world().nodes[0]!.app.services.database.sql('delete from event where stream_id = $1 and seq < 3 returning 1', [id])
    const anew = listen(ben, callee)
    await anew.count(1)
    expect(anew.heard).toMatchObject([{ seq: 3, payload: 3 }])
    await send(ada, caller.participantId, callee.participantId, 'ICE_CANDIDATE', 4)
    await anew.count(2)
    expect(anew.heard[1]).toMatchObject({ seq: 4, payload: 4 })
    anew.stop()
  })

  it('the signals of one device are nobody else’s to follow', async () => {
    const { ada, ben, roomId } = await aPair()
    const seat = await startCall(ada, roomId)
    const tablet = await anotherDevice(ada, ada)
    const cid = await world().aPerson('Cid')
    for (const [person, code] of [
      [ben, 'FORBIDDEN'],
      [tablet, 'FORBIDDEN'],
      [cid, 'NOT_FOUND'],
    ] as const) {
      const hearing = listen(person, seat)
      expect(await hearing.ended).toEqual([code])
      hearing.stop()
    }
  })

  it('four devices race to answer: one is in the call, and all hear that it stopped', async () => {
    const { ada, ben, roomId } = await aPair()
    const nodes = world().nodes
    const devices = await Promise.all([0, 1, 2, 3].map((number) => anotherDevice(ben, nodes[number % nodes.length]!)))
    const inboxes = await Promise.all(devices.map((device) => rings(device)))
    const { callId } = await startCall(ada, roomId)
    for (const inbox of inboxes) await inbox.count(1)
    const answers = await Promise.allSettled(devices.map((device, number) => joinCall(device, callId, `device ${number}`)))
    const won = answers.findIndex(({ status }) => status === 'fulfilled')
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const answer of answers) if (answer.status === 'rejected') expect(String(answer.reason)).toContain('CONFLICT')
    for (const [number, inbox] of inboxes.entries()) {
      await inbox.count(2)
      const reason = number === won ? 'ANSWERED' : 'ANSWERED_ELSEWHERE'
      expect(inbox.heard.map((event) => event.reason ?? event.__typename)).toEqual(['CallRinging', reason])
      inbox.stop()
    }
    const { participants } = await callOf(ada, callId)
    expect(participants.map(({ state }) => state)).toEqual(['JOINED', 'JOINED'])
  })

  it('two who call each other at once are in one call', async () => {
    for (let round = 0; round < 5; round++) {
      const { ada, ben, roomId } = await aPair()
      const seats = await Promise.all([startCall(ada, roomId), startCall(ben, roomId)])
      expect(seats[0].callId).toBe(seats[1].callId)
      expect(await callOf(ada, seats[0].callId)).toMatchObject({
        state: 'ONGOING',
        participants: [{ state: 'JOINED' }, { state: 'JOINED' }],
      })
    }
  })

  it('a device whose connection is cut again and again gets every signal once, in order', async () => {
    const { ada, ben, roomId } = await aPair()
    const caller = await startCall(ada, roomId)
    const callee = await joinCall(ben, caller.callId)
    const atBen = listen(ben, callee)
    for (let round = 0; round < 6; round++) {
      await inTurns(10, (number) =>
        send(ada, caller.participantId, callee.participantId, 'ICE_CANDIDATE', { round, number }, `${round} ${number}`),
      )
      await atBen.count(10 * round + 1)
      atBen.cut()
    }
    await atBen.count(60)
    expect(atBen.heard.map(({ seq }) => seq)).toEqual(Array.from({ length: 60 }, (_, index) => index + 1))
    expect(await stateOf(ada, caller.callId, ben)).toBe('JOINED')
    atBen.stop()
  }, 60_000)

  it('a late replay of the inbox does not ring', async () => {
    const { ada, ben, roomId } = await aPair()
    const inbox = await rings(ben)
    const seat = await startCall(ada, roomId)
    await inbox.count(1)
    const before = (await inboxCursorBefore(ben))!
    await write(ada, 'leaveCall', { participantId: seat.participantId })
    await inbox.count(2)
    const replay = await rings(ben, before)
    await replay.count(2)
    expect(replay.heard).toMatchObject([
      { __typename: 'CallRinging', call: { state: 'ENDED' }, participant: { state: 'MISSED' } },
      { __typename: 'CallStoppedRinging', reason: 'CANCELLED' },
    ])
    for (const hearing of [inbox, replay]) hearing.stop()
  })

  it('whoever closes their account is out of their calls, and so is the other one of a direct room', async () => {
    const { ada, ben, roomId } = await aPair()
    const groupId = await ada.make(ben)
    const inGroup = await startCall(ada, groupId)
    await joinCall(ben, inGroup.callId)
    const inRoom = await startCall(ben, roomId)
    await write(ben, 'deleteAccount', { password }, 'deletedUserId')
    await until(async () => (await callOf(ada, inRoom.callId)).endReason === 'FAILED', { within: 5_000, what: 'the end' })
    await until(async () => (await stateOf(ada, inGroup.callId, ben)) === 'LEFT', { within: 5_000, what: 'Ben being out' })
    expect((await callOf(ada, inGroup.callId)).state).toBe('ONGOING')
  })

  it('whoever is removed from the room hears no signals any more, and is out of the call', async () => {
    const [here, there = here] = world().nodes
    const [ada, ben] = [await world().aPerson('Ada', here!), await world().aPerson('Ben', there!)]
    const roomId = await ada.make(ben)
    const caller = await startCall(ada, roomId)
    const callee = await joinCall(ben, caller.callId)
    const atBen = listen(ben, callee)
    await send(ada, caller.participantId, callee.participantId, 'OFFER', 1)
    await atBen.count(1)
    await ada.remove(roomId, ben)
    expect(await atBen.ended).toEqual(['NOT_FOUND'])
    await until(async () => (await stateOf(ada, caller.callId, ben)) === 'LEFT', { within: 5_000, what: 'Ben being out' })
    expect(await stateOf(ada, caller.callId)).toBe('JOINED')
    atBen.stop()
  })
})

onTwoNodes('answering a call', (world) => {
  it('waits for nobody else for whom it rings', async () => {
    const [ada, ben, cid] = [await world().aPerson('Ada'), await world().aPerson('Ben'), await world().aPerson('Cid')]
    const { callId } = await startCall(ada, await ada.make(ben, cid))
    const inboxOfCid = Buffer.from(cid.id, 'base64url').toString().split(':')[1]!
    await world().nodes[0]!.app.services.transact([inboxOfCid], async () => {
      await joinCall(ben, callId)
    })
    expect(await stateOf(ada, callId, ben)).toBe('JOINED')
  })
})

/** The cursor of the inbox, as it was made. */
async function inboxCursorBefore(person: Person): Promise<string> {
  const { data } = await person.ask<{ viewer: { inboxCursor: string } }>('{ viewer { inboxCursor } }')
  const [seq, ...rest] = Buffer.from(data!.viewer.inboxCursor, 'base64url').toString('latin1').split('.')
  return Buffer.from([Number(seq) - 1, ...rest].join('.')).toString('base64url')
}

/** So that a test lives through many of each. */
const hasty = { CALL_RINGS_MS: '4000', CALL_BEGIN_MS: '1500', CALL_GRACE_MS: '1000', CALL_REFRESH_MS: '300', CALL_TICK_MS: '100' }

describeWith(['postgres', 'redis'], 'calls, when a node is killed', () => {
  let world: World
  let ada: Person
  let ben: Person
  beforeAll(async () => {
    const [postgres, redis] = await Promise.all([sharedPostgres(), sharedRedis()])
    world = await startNodes({ count: 1, env: { ...hasty, DATABASE_URL: await postgres.createDatabase(), REDIS_URL: redis.url } })
    ada = await world.aPerson('Ada')
    ben = await world.aPerson('Ben')
  })
  afterAll(() => world?.close())

  it('with the callee’s socket while it rings: they hear it elsewhere, and answer', async () => {
    const dying = await startDyingNode(world.env)
    const roomId = await ada.make(ben)
    const there = await rings(ben.on(dying))
    const seat = await startCall(ada, roomId)
    const atAda = listen(ada, seat)
    await there.count(1)
    await dying.kill()
    expect(await dying.ended).toBe('SIGKILL')
    there.stop()
    const here = await rings(ben, await inboxCursorBefore(ben))
    await here.count(1)
    expect(here.heard[0]).toMatchObject({ __typename: 'CallRinging', participant: { state: 'RINGING' } })
    await joinCall(ben, seat.callId)
    expect((await callOf(ada, seat.callId)).state).toBe('ONGOING')
    for (const hearing of [here, atAda]) hearing.stop()
  }, 60_000)

  it('on which the call began: it is missed all the same when its time is up', async () => {
    const dying = await startDyingNode(world.env)
    const roomId = await ada.make(ben)
    const listening = await ben.follow(roomId)
    const inbox = await rings(ben)
    const seat = await startCall(ada.on(dying), roomId)
    await inbox.count(1)
    await dying.kill()
    // Ada's device comes back here, and goes on calling.
    const atAda = listen(ada, seat)
    await inbox.count(2)
    expect(inbox.heard[1]).toMatchObject({ __typename: 'CallStoppedRinging', reason: 'MISSED' })
    expect(await callOf(ben, seat.callId)).toMatchObject({ state: 'ENDED', endReason: 'MISSED' })
    await listening.hears('The call was missed.')
    expect(await atAda.ended).toEqual(['NOT_FOUND'])
    for (const hearing of [inbox, atAda]) hearing.stop()
    await listening.stop()
  }, 60_000)

  it('with somebody in a call: there is no ghost, and nobody else is thrown out, however long it lasts', async () => {
    const dying = await startDyingNode(world.env)
    const roomId = await ada.make(ben)
    const seat: Seat = await startCall(ada, roomId)
    const atAda = listen(ada, seat)
    const theirs = await joinCall(ben, seat.callId)
    const atBen = listen(ben.on(dying), theirs)
    await send(ada, seat.participantId, theirs.participantId, 'OFFER', 1)
    await atBen.count(1)
    // Several times as long as either could stay without being heard of.
    const began = performance.now()
    while (performance.now() - began < 4 * 1300)
      expect((await callOf(ada, seat.callId)).participants.map(({ state }) => state)).toEqual(['JOINED', 'JOINED'])
    atBen.stop()
    await dying.kill()
    await until(async () => (await stateOf(ada, seat.callId, ben)) === 'LEFT', { within: 10_000, what: 'Ben being out' })
    expect(await stateOf(ada, seat.callId)).toBe('JOINED')
    atAda.stop()
    await until(async () => (await callOf(ben, seat.callId)).endReason === 'CONNECTION_LOST', { within: 10_000, what: 'the end' })
  }, 60_000)
})
