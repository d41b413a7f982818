import { act } from '../../support/acting.ts'
import type { APerson, Domain } from '../../support/domain.ts'
import type { ARoom } from '../../support/rooms.ts'

export const join = (by: APerson, room: ARoom, person: APerson) =>
  act(by, 'addRoomMember', { roomId: room.globalId, userId: person.globalId })
export const leave = (person: APerson, room: ARoom, by = person) =>
  act(by, 'removeRoomMember', { roomId: room.globalId, userId: person.globalId })

/** Marks as read up to a message; where the mark stands then. */
export async function mark(person: APerson, room: ARoom, messageId: string): Promise<number> {
  const { readMark } = await act<{ readMark: { seq: number } }>(
    person,
    'markRead',
    { roomId: room.globalId, messageId },
    'readMark { seq }',
  )
  return readMark.seq
}

/** Where the database has somebody's mark. */
export async function markOf({ database }: Domain, { id: userId }: APerson, { id: roomId }: ARoom): Promise<number | undefined> {
  return (await database.prisma.readMark.findUnique({ where: { roomId_userId: { roomId, userId } } }))?.seq
}
