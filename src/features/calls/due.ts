import type { Services } from '../../graphql/context.ts'
import { groupBy } from '../../lib/group-by.ts'
import type { Database } from '../../store/database.ts'
import type { Transaction } from '../../store/transact.ts'
import { followIn } from './ending.ts'
import { callStoppedRinging } from './events.ts'
import { leaveIn, movePlacesIn } from './moving.ts'
import { inCall } from './scene.ts'
import type { CallTerms } from './terms.ts'

/** Places in one call whose time is up, as far as this node has claimed them. */
export interface Due {
  readonly callId: string
  readonly roomId: string
  readonly places: readonly { readonly id: string; readonly isDropped: boolean }[]
  /** Until then other nodes leave them alone. By it is known that nothing has changed since. */
  readonly claimedUntil: Date
}

/** Claims what is due, in one statement: of many nodes one gets it, and if that one dies the next does. */
export async function claimDue({ sql }: Database, claimMs: number): Promise<Due[]> {
  const rows = await sql<{ id: string; callId: string; roomId: string; isDropped: boolean; dueAt: Date }>(
    `with due as (
       select id from call_participant where due_at <= now() and state in ('RINGING', 'JOINED') order by due_at limit $2 for update skip locked
     )
     update call_participant p set due_at = now() + make_interval(secs => $1::float / 1000)
     from due, call c where p.id = due.id and c.id = p.call_id
     returning p.id, p.call_id as "callId", c.room_id as "roomId", p.is_dropped as "isDropped", p.due_at as "dueAt"`,
    [claimMs, atOnce],
  )
  return [...groupBy(rows, ({ callId }) => callId).values()].map((places) => {
    const { callId, roomId, dueAt } = places[0]!
    return { callId, roomId, places, claimedUntil: dueAt }
  })
}

const atOnce = 500

/** Whoever has not answered has missed the call; whoever was not heard of has left it. Who answered or was heard of since the claim stays. */
export function settleDue(services: Pick<Services, 'database' | 'transact'>, due: Due, terms: CallTerms): Promise<void> {
  const { callId, roomId, places, claimedUntil } = due
  return inCall(services, { id: callId, roomId }, undefined, async (tx) => {
    for (const isDropped of [false, true]) {
      const ids = places.filter((place) => place.isDropped === isDropped).map(({ id }) => id)
      if (ids.length > 0) await letGoIn(tx, { callId, ids, isDropped, claimedUntil }, terms)
    }
  })
}

interface LettingGo {
  readonly callId: string
  readonly ids: string[]
  readonly isDropped: boolean
  readonly claimedUntil: Date
}

async function letGoIn(tx: Transaction, { callId, ids, isDropped, claimedUntil }: LettingGo, { callForgetMs }: CallTerms): Promise<void> {
  const where = { callId, id: { in: ids }, dueAt: claimedUntil }
  const missed = await movePlacesIn(tx, where, 'missed')
  for (const { userId } of missed) tx.append(userId, callStoppedRinging({ callId, reason: isDropped ? 'FAILED' : 'MISSED' }))
  const left = await leaveIn(tx, where, callForgetMs)
  const follow = (going: 'missed' | 'lost' | 'dropped', gone: readonly { id: string }[]) =>
    followIn(tx, callId, { going, places: gone.map(({ id }) => id), actorId: null }, callForgetMs)
  if (left.length > 0) await follow(isDropped ? 'dropped' : 'lost', left)
  if (missed.length > 0) await follow(isDropped ? 'dropped' : 'missed', missed)
}

/** The streams of those who have left, once every node has heard so: nothing was in them any more but their last word. */
export async function forgetStreams({ sql }: Database): Promise<void> {
  await sql(
    `with due as (
       select id from call_participant where due_at <= now() and state = 'LEFT' order by due_at limit $1 for update skip locked
     ), gone as (
       update call_participant p set due_at = null from due where p.id = due.id returning p.id
     ), emptied as (
       delete from event using gone where stream_id = gone.id
     )
     delete from stream using gone where stream.id = gone.id returning 1`,
    [atOnce],
  )
}
