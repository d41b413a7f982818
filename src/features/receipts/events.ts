import { defineFact } from '../../graphql/facts.ts'
import { userById } from '../accounts/queries.ts'
import { roomById } from '../rooms/queries.ts'
import { markById } from './queries.ts'

interface ReadMarksMovedData extends Record<string, unknown> {
  /** The ids of the marks, and of whose they are, in the same order. */
  memberIds: string[]
  userIds: string[]
}

/** In the room's stream: whose marks have moved since it was last told. Reading is no activity: it puts no room before others. */
export const readMarksMoved = defineFact<ReadMarksMovedData>('ReadMarksMoved', {
  refersTo: ({ memberIds, userIds }, roomId) => [
    [roomById, roomId],
    ...memberIds.map((id) => [markById, id] as const),
    ...userIds.map((id) => [userById, id] as const),
  ],
  isQuiet: true,
})

/** In the inbox of whose mark it is: for their other devices. */
export const readMarkMoved = defineFact<{ roomId: string; seq: number }>('ReadMarkMoved', {
  refersTo: ({ roomId }) => [[roomById, roomId]],
})
