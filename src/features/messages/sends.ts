import type { HeardEvent } from '../../graphql/facts.ts'
import type { Database } from '../../store/database.ts'
import type { RoomMember } from '../../store/generated/prisma/client.ts'
import { heardOf } from './events.ts'
import { GroupCommit } from './group-commit.ts'
import { type AsJson, reviveShown, type Shown } from './snapshot.ts'

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
}

/** What became of it. A duplicate shows the message that its nonce named first, as it is now. */
export type Sent = ({ readonly outcome: 'sent' | 'duplicate'; readonly membership: RoomMember | null } & Shown) | Refused

type Refused = { readonly outcome: 'conflict' } | { readonly outcome: 'not_found' }

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

type SentRow = Refused | ({ outcome: 'sent' | 'duplicate'; membership: AsJson<RoomMember> | null } & AsJson<Shown>)

function sendAll(database: Database, sends: readonly Send[]): Promise<SentRow[]> {
  const column = (name: keyof Send) => sends.map((send) => send[name])
  return database.sql<SentRow>(
    `select outcome, message, sender, room, membership
     from send_messages($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[]) order by place`,
    [column('roomId'), column('senderId'), column('id'), column('nonce'), column('nonceHash'), column('content')],
  )
}

function revive(row: SentRow): Sent {
  if (row.outcome === 'conflict' || row.outcome === 'not_found') return { outcome: row.outcome }
  const { outcome, membership } = row
  return {
    outcome,
    ...reviveShown(row),
    membership: membership && { ...membership, joinedAt: new Date(membership.joinedAt), leftAt: null },
  }
}
