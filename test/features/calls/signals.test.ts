import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { claimDue, settleDue } from '../../../src/features/calls/due.ts'
import { createMemoryRates } from '../../../src/store/rates.ts'
import type { APerson, Domain } from '../../support/domain.ts'
import { ratesOf } from '../../support/rates.ts'
import { type ARoom, aGroup } from '../../support/rooms.ts'
import {
  another,
  aQuietDomain,
  call,
  decline,
  end,
  type Joined,
  join,
  leave,
  rowOf,
  type ShownCall,
  shown,
  statesOf,
  stayAway,
  write,
} from './support.ts'

let domain: Domain
let ann: APerson
let ben: APerson
let cid: APerson
let room: ARoom
let mine: Joined
let theirs: Joined
beforeAll(async () => {
  domain = await aQuietDomain()
})
beforeEach(async () => {
  ;[ann, ben, cid] = [await domain.aPerson('Ann'), await domain.aPerson('Ben'), await domain.aPerson('Cid')]
  room = await aGroup(ann, ben, cid)
  mine = await call(ann, room)
  theirs = await join(ben, mine)
})

const input = (more: Record<string, unknown> = {}) => ({
  from: mine.participant.id,
  to: theirs.participant.id,
  kind: 'OFFER',
  payload: { sdp: 'v=0' },
  ...more,
})
const send = (person: APerson, more?: Record<string, unknown>) => write(person, 'sendSignal', input(more), 'seq')
async function refused(person: APerson, more?: Record<string, unknown>): Promise<unknown[]> {
  const { errors } = await send(person, more)
  return [errors?.[0]?.extensions.code, errors?.[0]?.extensions.field]
}
const kept = ({ participant: { id } }: Joined) => domain.services.log.after(rowOf(id), 0, 1000)

describe('sending a signal', () => {
  it('puts it into the stream of that participant, and of nobody else, in order', async () => {
    expect((await send(ann)).data).toEqual({ done: { seq: 1 } })
    expect((await send(ann, { kind: 'ICE_CANDIDATE', payload: 'candidate' })).data).toEqual({ done: { seq: 2 } })
    const back = { from: theirs.participant.id, to: mine.participant.id, kind: 'ANSWER' }
    expect((await send(ben, back)).data).toEqual({ done: { seq: 1 } })
    expect((await kept(theirs)).map(({ type, data }) => [type, data.kind, data.payload])).toEqual([
      ['CallSignal', 'OFFER', '{"sdp":"v=0"}'],
      ['CallSignal', 'ICE_CANDIDATE', '"candidate"'],
    ])
    expect(await kept(mine)).toHaveLength(1)
  })

  it('takes any JSON, also what no database would', async () => {
    for (const payload of [0, false, 'a\u0000b \ud800', [1, [2]], { 'a\u0000': 1.5 }])
      expect((await send(ann, { payload })).errors).toBeUndefined()
  })

  it('is done once for a nonce, and refuses another content under it', async () => {
    for (let time = 0; time < 2; time++) expect((await send(ann, { nonce: 'one' })).data).toEqual({ done: { seq: 1 } })
    expect((await send(ann)).data).toEqual({ done: { seq: 2 } })
    expect(await refused(ann, { nonce: 'one', payload: 'other' })).toEqual(['CONFLICT', 'nonce'])
    expect(await refused(ann, { nonce: 'x'.repeat(65) })).toEqual(['BAD_USER_INPUT', 'nonce'])
    expect(await kept(theirs)).toHaveLength(2)
  })

  it('refuses more than 64 KiB, and takes as much', async () => {
    expect(await refused(ann, { payload: 'é'.repeat(32 * 1024) })).toEqual(['BAD_USER_INPUT', 'payload'])
    expect((await send(ann, { payload: 'x'.repeat(64 * 1024 - 2) })).errors).toBeUndefined()
  })

  it('refuses forged senders: others, strangers, and another device of the same person', async () => {
    expect(await refused(cid)).toEqual(['FORBIDDEN', undefined])
    expect(await refused(ben)).toEqual(['FORBIDDEN', undefined])
    expect(await refused(another(domain, ann))).toEqual(['FORBIDDEN', undefined])
    expect(await refused(await domain.aPerson())).toEqual(['NOT_FOUND', undefined])
    expect(await kept(theirs)).toEqual([])
  })

  it('refuses receivers who are not in the same call: strangers, oneself, who has not answered, who has left', async () => {
    const elsewhere = await call(ben, await aGroup(ben, ann))
    expect(await refused(ann, { to: elsewhere.participant.id })).toEqual(['NOT_FOUND', undefined])
    const hidden = await call(cid, await aGroup(cid))
    expect(await refused(ann, { to: hidden.participant.id })).toEqual(['NOT_FOUND', undefined])
    expect(await refused(ann, { to: mine.participant.id })).toEqual(['BAD_USER_INPUT', 'to'])
    expect(await refused(ann, { to: 'nonsense' })).toEqual(['BAD_USER_INPUT', 'to'])
    expect(await refused(ann, { to: ann.globalId })).toEqual(['NOT_FOUND', undefined])
    const rings = mine.call.participants.find(({ user }: ShownCall) => user.id === cid.globalId).id
    expect(await refused(ann, { to: rings })).toEqual(['CONFLICT', 'to'])
    await leave(ben, theirs)
    expect(await refused(ann)).toEqual(['CONFLICT', 'to'])
    expect(await refused(ben, { from: theirs.participant.id, to: mine.participant.id })).toEqual(['CONFLICT', 'from'])
  })

  it('refuses whoever has lost their place in the room, before they are taken out of the call', async () => {
    await write(ann, 'muteMember', { roomId: room.globalId, userId: ben.globalId, until: '2100-01-01T00:00:00Z' })
    expect(await refused(ben, { from: theirs.participant.id, to: mine.participant.id })).toEqual(['CONFLICT', 'from'])
    expect(await refused(ann)).toEqual(['CONFLICT', 'to'])
  })

  it('refuses what is nested deeper than anybody would, however it came', async () => {
    const nested = (depth: number) => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`)
    expect((await send(ann, { payload: nested(64) })).errors).toBeUndefined()
    for (const depth of [65, 20_000]) expect(await refused(ann, { payload: nested(depth) })).toEqual(['BAD_USER_INPUT', 'payload'])
    expect(await refused(ann, { payload: { a: nested(64) } })).toEqual(['BAD_USER_INPUT', 'payload'])
  })

  it('is limited', async () => {
    const rates = createMemoryRates(ratesOf({ signalPerSecond: 0.01, signalBurst: 2 }))
    const limited = { ...ann, run: domain.as(ann.actor, { rates }) }
    for (let time = 0; time < 2; time++) expect((await send(limited)).errors).toBeUndefined()
    expect(await refused(limited)).toEqual(['RATE_LIMITED', undefined])
  })

  it('keeps only the newest, and lets a hundred go at a time', async () => {
    const limits = { ...domain.services.limits, signalsKept: 100 }
    const quick = { ...ann, run: domain.as(ann.actor, { limits }) }
    const id = rowOf(theirs.participant.id)
    await send(quick, { nonce: 'first' })
    await domain.services.transact([id], async (tx) => {
      for (let seq = 2; seq < 199; seq++) tx.append(id, { type: 'CallSignal', data: { fromId: id, kind: 'BYE', payload: '0' } })
    })
    await send(quick)
    expect((await kept(theirs))[0]!.seq).toBe(1)
    await send(quick)
    expect((await kept(theirs))[0]!.seq).toBe(101)
    expect(await domain.database.prisma.signalNonce.count({ where: { toId: id } })).toBe(0)
  })
})

describe('what was sent', () => {
  it('is deleted when its participant leaves, and the stream a minute later', async () => {
    await send(ann, { nonce: 'one' })
    await leave(ben, theirs)
    const id = rowOf(theirs.participant.id)
    expect((await kept(theirs)).map(({ type }) => type)).toEqual(['SignalsEnded'])
    expect(await domain.database.prisma.signalNonce.count({ where: { toId: id } })).toBe(0)
    const isThere = async () => (await domain.database.prisma.stream.count({ where: { id } })) > 0
    await domain.services.calls.tick()
    expect(await isThere()).toBe(true)
    await domain.database.sql(`update call_participant set due_at = now() where id = $1 returning 1`, [id])
    await domain.services.calls.tick()
    expect(await isThere()).toBe(false)
    expect(await kept(theirs)).toEqual([])
  })

  it('is deleted for everybody when the call ends', async () => {
    await send(ann)
    await end(ann, mine)
    for (const joined of [mine, theirs]) expect((await kept(joined)).map(({ type }) => type)).toEqual(['SignalsEnded'])
  })
})

describe('being in a call', () => {
  /** Of this call: other tests leave theirs behind. */
  const claim = async () => (await claimDue(domain.database, 5000)).filter(({ callId }) => callId === rowOf(mine.call.id))
  const states = async () => statesOf(await shown(ann, mine), ann, ben)

  it('wants the signals followed within 15 s', async () => {
    await domain.services.calls.attend(rowOf(mine.participant.id))
    await stayAway(domain, theirs, 14_000)
    expect(await states()).toEqual(['JOINED', 'JOINED'])
    await stayAway(domain, theirs, 1_500)
    expect(await states()).toEqual(['JOINED', 'LEFT'])
  })

  it('lasts for as long as they are followed, and 10 s more', async () => {
    const stop = await domain.services.calls.attend(rowOf(theirs.participant.id))
    const due = async () =>
      (await domain.database.prisma.callParticipant.findUnique({ where: { id: rowOf(theirs.participant.id) } }))!.dueAt!
    const whileFollowed = await due()
    stop()
    await expect.poll(due).not.toEqual(whileFollowed)
    await stayAway(domain, theirs, 9_000)
    expect(await states()).toEqual(['JOINED', 'JOINED'])
    await stayAway(domain, theirs, 1_500)
    expect(await states()).toEqual(['JOINED', 'LEFT'])
  })

  it('ends with the last whose device is lost, which is no hanging up', async () => {
    await decline(cid, mine)
    await stayAway(domain, theirs, 16_000)
    await stayAway(domain, mine, 16_000)
    expect(await shown(ann, mine)).toMatchObject({ state: 'ENDED', endReason: 'CONNECTION_LOST' })
  })

  it('is not ended by who claimed it when they are heard of again before they were taken out', async () => {
    const id = rowOf(theirs.participant.id)
    await domain.database.sql('update call_participant set due_at = now() where id = $1 returning 1', [id])
    const [due] = await claim()
    // Nobody else gets it meanwhile.
    expect(await claim()).toEqual([])
    await domain.services.calls.attend(id)
    await settleDue(domain.services, due!, domain.services.calls.terms)
    expect(await states()).toEqual(['JOINED', 'JOINED'])
  })

  it('lasts when the device joined again before it was taken out, and has 15 s from then', async () => {
    await domain.database.sql('update call_participant set due_at = now() where id = $1 returning 1', [rowOf(theirs.participant.id)])
    const [due] = await claim()
    expect((await join(ben, mine)).participant.id).toBe(theirs.participant.id)
    await settleDue(domain.services, due!, domain.services.calls.terms)
    await stayAway(domain, theirs, 14_000)
    expect(await states()).toEqual(['JOINED', 'JOINED'])
    await stayAway(domain, theirs, 1_500)
    expect(await states()).toEqual(['JOINED', 'LEFT'])
  })

  it('is found due again by another node when the one that claimed it has died', async () => {
    await domain.database.sql('update call_participant set due_at = now() where id = $1 returning 1', [rowOf(theirs.participant.id)])
    expect(await claim()).toHaveLength(1)
    await stayAway(domain, theirs, 5_000)
    expect(await states()).toEqual(['JOINED', 'LEFT'])
  })
})
