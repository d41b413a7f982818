import type { ExecutionResult } from 'graphql'
import type { APerson, Domain } from '../../support/domain.ts'
import type { ARoom } from '../../support/rooms.ts'

/** A mutation with one input, by its name and what is asked of its payload. */
export function trying<Done>(
  person: APerson,
  name: string,
  input: object,
  selection = '__typename',
): Promise<ExecutionResult<{ done: Done }>> {
  const type = `${name[0]!.toUpperCase()}${name.slice(1)}Input`
  return person.run(`mutation ($input: ${type}!) { done: ${name}(input: $input) { ${selection} } }`, { input })
}

/** The same; what was refused is thrown. */
export async function act<Done>(person: APerson, name: string, input: object, selection?: string): Promise<Done> {
  const { data, errors } = await trying<Done>(person, name, input, selection)
  if (errors) throw errors[0]
  return data!.done
}

/** Somebody says something; the message's id, as clients know it. */
export async function say(person: APerson, room: ARoom, content: string, more: object = {}): Promise<string> {
  const input = { roomId: room.globalId, content, ...more }
  return (await act<{ message: { id: string } }>(person, 'sendMessage', input, 'message { id }')).message.id
}

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
