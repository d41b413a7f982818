import { decodeId, encodeId } from '../../graphql/ids.ts'
import { repeat } from '../../lib/timers.ts'
import type { Database } from '../../store/database.ts'
import type { CallState } from '../../store/generated/prisma/client.ts'
import type { Sfu } from './sfu.ts'

export interface SfuKeeperOptions {
  readonly callTickMs: number
  /** Between two looks at who is in the media of a call that somebody has left. */
  readonly sfuLookMs: number
  readonly onTrouble: (error: unknown) => void
}

/**
 * Whoever has no place in a call any more is put out of its media.
 *
 * - Leaving marks the call as due, in the transaction by which they leave; a tick later a node asks the SFU who is there, and puts out those
 *   who have left. It puts out everybody when the call is over.
 * - Who was put out may know a way back: it looks again each `sfuLookMs`, and a twelfth as often once the call is over, until nobody who left
 *   was there for as long as the SFU lets anybody return.
 * - What is due stands in the database: of many nodes one looks, and if that one dies, or the SFU cannot be reached, it is due again
 *   `sfuLookMs` later.
 * - Who got in without a place in the call, such as what an operator records with, is left alone while the call lasts.
 * - `close` waits for what is under way.
 */
export interface SfuKeeper {
  /** Does now what every `callTickMs` is done. */
  tick(): Promise<void>
  close(): Promise<void>
}

export function keepSfu(database: Database, sfu: Sfu, { callTickMs, sfuLookMs, onTrouble }: SfuKeeperOptions): SfuKeeper {
  let isClosing = false

  /** All that is due, some at a time. Where each of these fails, the SFU is away: the rest would only say the same. */
  async function look(): Promise<void> {
    for (let goesOn = true; goesOn && !isClosing; ) {
      const claims = await claim(database, sfuLookMs)
      const failed = (await Promise.allSettled(claims.map(settle))).filter((one) => one.status === 'rejected')
      if (failed[0]) onTrouble(failed[0].reason)
      goesOn = claims.length === atOnce && failed.length < claims.length
    }
  }

  async function settle({ id, state, claimedUntil }: Claim): Promise<void> {
    const isOver = state === 'ENDED'
    const found = isOver ? await sfu.close(encodeId('Call', id)) : await putOut(database, sfu, id)
    // Who leaves meanwhile makes it due at once: then it stays so.
    await database.sql(
      `update call set sfu_left_at = case when $3 then now() else sfu_left_at end,
         sfu_due_at = case
           when $3 or sfu_left_at > now() - make_interval(secs => $4::float / 1000) then now() + make_interval(secs => $5::float / 1000)
         end
       where id = $1 and sfu_due_at = $2 returning 1`,
      [id, claimedUntil, found, sfu.returnMs, isOver ? 12 * sfuLookMs : sfuLookMs],
    )
  }

  const looking = repeat(look, callTickMs, onTrouble)
  return {
    tick: look,
    close() {
      isClosing = true
      return looking.close()
    },
  }
}

interface Claim {
  readonly id: string
  readonly state: CallState
  /** Until then other nodes leave it alone. By it is known that nobody has left since. */
  readonly claimedUntil: Date
}

function claim({ sql }: Database, lookMs: number): Promise<Claim[]> {
  return sql<Claim>(
    `with due as (select id from call where sfu_due_at <= now() order by sfu_due_at limit $2 for update skip locked)
     update call c set sfu_due_at = now() + make_interval(secs => $1::float / 1000)
     from due where c.id = due.id returning c.id, c.state, c.sfu_due_at as "claimedUntil"`,
    [lookMs, atOnce],
  )
}

/** What a node asks the SFU at once. */
const atOnce = 20

/** Whoever is in its media and has left it. Who has left never comes back as the same participant, so nobody is put out by mistake. */
async function putOut({ sql }: Database, sfu: Sfu, id: string): Promise<boolean> {
  const callId = encodeId('Call', id)
  const present = (await sfu.present(callId)).flatMap(placeIdIn)
  if (present.length === 0) return false
  const gone = await sql<{ id: string }>(
    `select id from call_participant where call_id = $1 and id = any($2::uuid[]) and state <> 'JOINED'`,
    [id, present],
  )
  await Promise.all(gone.map((place) => sfu.remove({ callId, participantId: encodeId('CallParticipant', place.id) })))
  return gone.length > 0
}

/** None of an identity that we did not make. */
function placeIdIn(identity: string): string[] {
  try {
    return [decodeId(identity).id]
  } catch {
    return []
  }
}
