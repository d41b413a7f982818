import type { HeardEvent } from '../../graphql/facts.ts'
import type { Database } from '../../store/database.ts'
import type { RoomMember } from '../../store/generated/prisma/client.ts'
import { type MembershipAsJson, reviveMembership } from '../rooms/queries.ts'
import { tokensOf } from '../search/tokens.ts'
import { heardOf } from './events.ts'
import { GroupCommit } from './group-commit.ts'
import type { SendFault, ThreadToReplyIn } from './replies.ts'
import { reviveShown, type Shown, type ShownAsJson, withRoomOfThen } from './snapshot.ts'

declare module '../../graphql/context.ts' {
  interface Services {
    readonly sends: Sends
  }
}

/** One message to be sent, checked already for what needs no database. */
export interface Send {
  readonly roomId: string
  readonly senderId: string
  readonly id: string
  /** A send that was given none has its own id here. */
  readonly nonce: string
  /** Of what the nonce was first used for: used for something else, it is a conflict. */
  readonly nonceHash: string
  readonly content: string
  readonly replyTo?: string | undefined
  readonly thread?: ThreadToReplyIn | undefined
}

/** One that brings files goes the longer way. */
export interface SendWithFiles extends Send {
  readonly attachmentIds: readonly string[]
}

/** What became of it. A duplicate shows the message that its nonce named first, as it is now. */
export type Sent = ({ readonly outcome: 'sent' | 'duplicate'; readonly membership: RoomMember | null } & Shown) | Refused

/** `unsure`: to be decided, and perhaps sent, the longer way. */
export interface Refused {
  readonly outcome: 'unsure' | SendFault
}

export interface Sends {
  /** Resolves once it is committed and rung for. Sends of one person to one room keep the order in which they were added. */
  add(send: Send): Promise<Sent>
}

export interface SendsOptions {
  readonly waitingMost: number
}

/** Sends that come while others are being committed ride together, across rooms and people, in one round trip to the database. */
export function createSends(database: Database, ring: (events: readonly HeardEvent[]) => void, { waitingMost }: SendsOptions): Sends {
  return new GroupCommit<Send, Sent>({
    batchMost: 256,
    waitingMost,
    async commit(sends) {
      const rows = await sendAll(database, sends)
      const heard = rows.flatMap((row) => (row.outcome === 'sent' ? [heardOf(row)] : []))
      // Of a batch that is repeated some were sent before others that are older here.
      heard.sort((left, right) => left.seq - right.seq)
      if (heard.length > 0) ring(heard)
      return rows.map(revive)
    },
  })
}

type SentRow = Refused | ({ outcome: 'sent' | 'duplicate'; membership: MembershipAsJson | null } & ShownAsJson)

function sendAll(database: Database, sends: readonly Send[]): Promise<SentRow[]> {
  const column = (name: 'roomId' | 'senderId' | 'id' | 'nonce' | 'nonceHash' | 'content') => sends.map((send) => send[name])
  const replies = [sends.map(({ replyTo }) => replyTo ?? null), sends.map(({ thread }) => thread?.id ?? null)]
  return database.sql<SentRow>(
    `select outcome, message, sender, room, membership, thread from send_messages(
       $1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::uuid[], $9::boolean[], $10::text[]) order by place`,
    [
      column('roomId'),
      column('senderId'),
      column('id'),
      column('nonce'),
      column('nonceHash'),
      column('content'),
      ...replies,
      sends.map(({ thread }) => thread?.isThread ?? false),
      sends.map(tokensOf),
    ],
  )
}

function isShown(row: SentRow): row is Exclude<SentRow, Refused> {
  return row.outcome === 'sent' || row.outcome === 'duplicate'
}

function revive(row: SentRow): Sent {
  if (!isShown(row)) return { outcome: row.outcome }
  const { outcome, membership } = row
  const { message, sender, room, thread } = reviveShown(withRoomOfThen(row))
  return { outcome, message, sender, room, thread, membership: membership && reviveMembership(membership) }
}
