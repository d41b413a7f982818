import type { Known } from '../../graphql/loaders.ts'
import { known } from '../../graphql/loaders.ts'
import type { Thread, User } from '../../store/generated/prisma/client.ts'
import { userById } from '../accounts/queries.ts'
import { reactionsOf } from '../reactions/queries.ts'
import { type RoomRow, roomById, roomNatureById } from '../rooms/queries.ts'
import { type MessageRow, messageById } from './queries.ts'
import { threadById } from './thread-queries.ts'

/** All that showing a new message takes: nobody who hears of it has to read anything. It holds what every member may see, and no more. */
export interface Shown {
  readonly message: MessageRow
  readonly sender: User
  readonly room: RoomRow
  /** That the message is in, or has begun. */
  readonly thread: Thread | null
}

/** What JSON leaves of rows: their times are text. */
export type AsJson<Row> = {
  readonly [Name in keyof Row]: ValueAsJson<Row[Name]>
}
type ValueAsJson<Value> = Value extends Date ? string : Value extends object ? AsJson<Value> : Value

export function reviveShown({ message, sender, room, thread }: AsJson<Shown>): Shown {
  return {
    message: {
      ...message,
      createdAt: new Date(message.createdAt),
      editedAt: dateOf(message.editedAt),
      deletedAt: dateOf(message.deletedAt),
    },
    sender: { ...sender, createdAt: new Date(sender.createdAt), deletedAt: dateOf(sender.deletedAt) },
    room: { ...room, createdAt: new Date(room.createdAt), activeAt: new Date(room.activeAt), archivedAt: dateOf(room.archivedAt) },
    thread: thread && { ...thread, lastReplyAt: dateOf(thread.lastReplyAt) },
  }
}

function dateOf(time: string | null): Date | null {
  return time === null ? null : new Date(time)
}

export function knownOf({ message, sender, room, thread }: Shown): Known[] {
  return [
    known(messageById, message.id, message),
    known(userById, sender.id, sender),
    known(roomById, room.id, room),
    known(roomNatureById, room.id, room),
    known<string, Thread | null>(threadById, message.threadId ?? message.id, thread),
    // Nothing has happened since it was sent.
    ...(room.head === message.seq ? [known(reactionsOf, message.id, [])] : []),
  ]
}
