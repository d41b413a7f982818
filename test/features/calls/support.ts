import { expect } from 'vitest'
import { Person } from '../../../src/graphql/actor.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import { type APerson, createDomain, type Domain } from '../../support/domain.ts'
import type { ARoom } from '../../support/rooms.ts'

let quiet: Promise<Domain> | undefined

/** One a worker that is no server's: no other node sees to what is due in it. */
export function aQuietDomain(): Promise<Domain> {
  quiet ??= createDomain()
  return quiet
}

export const callParts = `id state endReason media transport startedAt ringsUntil answeredAt endedAt startedBy { id } room { id }
  participants { id state deviceId audio video screen joinedAt leftAt user { id } }`

// biome-ignore lint/suspicious/noExplicitAny: a call as the tests ask for it.
export type ShownCall = any

export interface Joined {
  readonly call: ShownCall
  readonly participant: { readonly id: string; readonly state: string; readonly deviceId: string }
}

/** The same person on one more device, signed in by itself. */
export function another(domain: Domain, person: APerson): APerson {
  const actor = new Person(person.id, uuid())
  return { ...person, actor, run: domain.as(actor) }
}

export const write = (person: APerson, mutation: string, input: Record<string, unknown>, parts = '__typename') => {
  const type = `${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input`
  return person.run<{ done: ShownCall }>(`mutation ($input: ${type}!) { done: ${mutation}(input: $input) { ${parts} } }`, { input })
}

const joinedParts = `call { ${callParts} } participant { id state deviceId audio video screen }`

async function done<Payload>(answer: ReturnType<typeof write>): Promise<Payload> {
  const { data, errors } = await answer
  if (errors) throw errors[0]
  return data!.done
}

export const call = (person: APerson, room: ARoom, more: Record<string, unknown> = {}) =>
  done<Joined>(write(person, 'startCall', { roomId: room.globalId, media: 'AUDIO', deviceId: 'phone', ...more }, joinedParts))

export const join = (person: APerson, { call: { id } }: Joined, deviceId = 'phone') =>
  done<Joined>(write(person, 'joinCall', { callId: id, deviceId }, joinedParts))

export const decline = (person: APerson, { call: { id } }: Joined) =>
  done<{ call: ShownCall }>(write(person, 'declineCall', { callId: id }, `call { ${callParts} }`))

export const leave = (person: APerson, { participant: { id } }: Joined) =>
  done<Joined>(write(person, 'leaveCall', { participantId: id }, joinedParts))

export const end = (person: APerson, { call: { id } }: Joined) =>
  done<{ call: ShownCall }>(write(person, 'endCall', { callId: id }, `call { ${callParts} }`))

export async function shown(person: APerson, { call: { id } }: Joined): Promise<ShownCall> {
  const { data } = await person.run<{ call: ShownCall }>(`query ($id: ID!) { call(id: $id) { ${callParts} } }`, { id })
  return data!.call
}

/** How each of these people stands to the call. */
export function statesOf({ participants }: ShownCall, ...people: APerson[]): string[] {
  return people.map(({ globalId }) => participants.find(({ user }: ShownCall) => user.id === globalId)?.state ?? 'NONE')
}

/** What came in a stream about calls, from its first event on. */
export async function heardIn({ services }: Domain, streamId: string): Promise<string[]> {
  const events = await services.log.after(streamId, 0, 1000)
  return events.flatMap(({ type, data }) => (type.startsWith('Call') ? [data.reason ? `${type} ${data.reason}` : type] : []))
}

/** What the room says of itself about calls. */
export async function saidIn({ database }: Domain, room: ARoom): Promise<string[]> {
  const rows = await database.prisma.message.findMany({ where: { roomId: room.id }, orderBy: { seq: 'asc' } })
  return rows.flatMap(({ systemKind }) => (systemKind?.startsWith('CALL') ? [systemKind] : []))
}

/** As if it had rung for so much longer, and then a tick. */
export const ring = (domain: Domain, joined: Joined, ms: number) => pass(domain, joined, ms, 'RINGING')

/** As if the device of that person had been away for so much longer, and then a tick. */
export const stayAway = (domain: Domain, joined: Joined, ms: number) => pass(domain, joined, ms, 'JOINED')

/** Time is in the database: it is moved there. */
async function pass({ database, services }: Domain, { call, participant }: Joined, ms: number, state: 'RINGING' | 'JOINED'): Promise<void> {
  const id = rowOf(state === 'RINGING' ? call.id : participant.id)
  const seconds = ms / 1000
  await database.sql(
    `update call_participant set due_at = due_at - make_interval(secs => $2::float)
     where ${state === 'RINGING' ? 'call_id' : 'id'} = $1 and state = '${state}' returning 1`,
    [id, seconds],
  )
  if (state === 'RINGING')
    await database.sql('update call set rings_until = rings_until - make_interval(secs => $2::float) where id = $1 returning 1', [
      id,
      seconds,
    ])
  await services.calls.tick()
}

export const rowOf = (globalId: string) => Buffer.from(globalId, 'base64url').toString().split(':')[1]!

/** No row, no event and no word of it is there that was not before; by when somebody must be heard of is no news. */
export async function expectNothingNew({ database }: Domain, room: ARoom, attempt: () => Promise<unknown>): Promise<void> {
  const count = async () => [
    await database.prisma.event.count({ where: { streamId: room.id } }),
    await database.prisma.callParticipant.findMany({ where: { call: { roomId: room.id } }, orderBy: { id: 'asc' }, omit: { dueAt: true } }),
    await database.prisma.call.findMany({ where: { roomId: room.id } }),
  ]
  const before = await count()
  await attempt()
  expect(await count()).toEqual(before)
}
