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
type AsJson<Row> = {
  readonly [Name in keyof Row]: ValueAsJson<Row[Name]>
}
type ValueAsJson<Value> = Value extends Date ? string : Value extends object ? AsJson<Value> : Value

/** As the database's own way answers it and the bus carries it: of a message that is new nothing that can only come to be later. */
export type ShownAsJson = AsJson<Omit<Shown, 'message'>> & {
  readonly message: AsJson<Omit<MessageRow, Later>> & Partial<AsJson<Pick<MessageRow, Later>>>
}
type Later = 'editedAt' | 'deletedAt' | 'systemKind' | 'forwardedFromId' | 'pinnedSeq' | 'attachedKind'

export function reviveShown({ message, sender, room, thread }: ShownAsJson): Shown {
  return {
    message: reviveMessage(message),
    sender: { ...sender, createdAt: new Date(sender.createdAt), deletedAt: dateOf(sender.deletedAt) },
    room: { ...room, createdAt: new Date(room.createdAt), activeAt: new Date(room.activeAt), archivedAt: dateOf(room.archivedAt) },
    thread: thread && { ...thread, lastReplyAt: dateOf(thread.lastReplyAt) },
  }
}

/** Each by its name: spreading what has fewer names takes ten times as long, for every message that is sent and heard. */
function reviveMessage(message: ShownAsJson['message']): MessageRow {
  return {
    id: message.id,
    roomId: message.roomId,
    seq: message.seq,
    senderId: message.senderId,
    content: message.content,
    nonce: message.nonce,
    createdAt: new Date(message.createdAt),
    editedAt: dateOf(message.editedAt),
    deletedAt: dateOf(message.deletedAt),
    replyToId: message.replyToId,
    threadId: message.threadId,
    systemKind: message.systemKind ?? null,
    forwardedFromId: message.forwardedFromId ?? null,
    pinnedSeq: message.pinnedSeq ?? null,
    attachedKind: message.attachedKind ?? null,
  }
}

/** With the room as the message has brought it, where it was read as it was before. */
export function withRoomOfThen<Row extends ShownAsJson>(row: Row): Row {
  const { message, room } = row
  return message.seq > room.head ? { ...row, room: { ...room, head: message.seq, activeAt: message.createdAt } } : row
}

function dateOf(time: string | null | undefined): Date | null {
  return time == null ? null : new Date(time)
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
