import { expect } from 'vitest'
import { trying } from '../../support/acting.ts'
import type { APerson, Domain } from '../../support/domain.ts'
import type { ARoom } from '../../support/rooms.ts'

/** The only error's code and field. */
export async function refusal(person: APerson, mutation: string, input: object): Promise<unknown[]> {
  const { errors } = await trying(person, mutation, input)
  if (errors && errors.length > 1) throw new Error(errors.map(({ message }) => message).join('\n'))
  return [errors?.[0]?.extensions.code, errors?.[0]?.extensions.field]
}

/** No meeting of the room has changed, and neither the room nor these people have heard of anything. */
export async function expectNothingDone({ database }: Domain, room: ARoom, people: readonly APerson[], attempt: () => Promise<unknown>) {
  const where = { meeting: { roomId: room.id } }
  const state = async () => [
    await database.prisma.event.count({ where: { streamId: { in: [room.id, ...people.map(({ id }) => id)] } } }),
    await database.prisma.meeting.findMany({ where: { roomId: room.id }, orderBy: { id: 'asc' } }),
    await database.prisma.meetingAttendee.findMany({ where, orderBy: { id: 'asc' } }),
    await database.prisma.meetingException.findMany({ where, orderBy: [{ meetingId: 'asc' }, { originalStart: 'asc' }] }),
    await database.prisma.roomMember.findMany({ where: { roomId: room.id }, orderBy: { id: 'asc' } }),
  ]
  const before = await state()
  await attempt()
  expect(await state()).toEqual(before)
}
