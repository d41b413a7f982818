import type { APerson } from './domain.ts'

/** A room as tests name it: by the id that clients use, and by the row's. */
export interface ARoom {
  readonly id: string
  readonly globalId: string
}

/** A group that `admin` makes with the others in it. */
export async function aGroup(admin: APerson, ...others: APerson[]): Promise<ARoom> {
  const { data, errors } = await admin.run<{ createGroupRoom: { room: { id: string } } }>(
    'mutation ($memberIds: [ID!]!) { createGroupRoom(input: { name: "Friends", memberIds: $memberIds }) { room { id } } }',
    { memberIds: others.map(({ globalId }) => globalId) },
  )
  if (errors) throw errors[0]
  return named(data!.createGroupRoom.room.id)
}

/** The one room of the two. */
export async function aDirectRoom(one: APerson, other: APerson): Promise<ARoom> {
  const { data, errors } = await one.run<{ openDirectRoom: { room: { id: string } } }>(
    'mutation ($userId: ID!) { openDirectRoom(input: { userId: $userId }) { room { id } } }',
    { userId: other.globalId },
  )
  if (errors) throw errors[0]
  return named(data!.openDirectRoom.room.id)
}

export function named(globalId: string): ARoom {
  return { globalId, id: Buffer.from(globalId, 'base64url').toString().split(':')[1]! }
}
