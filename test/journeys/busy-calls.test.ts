import { expect, it } from 'vitest'
import { joinCall, type Seat, send, startCall } from './calling.ts'
import { inTurns } from './person.ts'
import { write } from './place.ts'
import { onTwoNodes } from './world.ts'

const seconds = 5
const refusals = /CONFLICT|FORBIDDEN|NOT_FOUND|name another participant/

onTwoNodes('busy calls', (world) => {
  it('whatever people do to calls at once, each ends once, whole, and stops ringing once for whom it rang', async () => {
    const { sql } = world().nodes[0]!.app.services.database
    const [ada, ...others] = await inTurns(4, (number) => world().aPerson(`Person ${number}`, world().nodes[number % 2]!))
    const people = [ada!, ...others]
    const rooms = [...(await inTurns(2, () => ada!.make(...others))), await ada!.open(others[0]!)]
    const roomIds = rooms.map((id) => Buffer.from(id, 'base64url').toString().split(':')[1]!)
    const pick = <Item>(items: readonly Item[]) => items[Math.floor(Math.random() * items.length)]!
    const someone = () => pick(people).on(pick(world().nodes))
    const taken = [{ person: ada!, seat: await startCall(ada!, rooms[0]!) }]
    const take = async (person: typeof ada & object, seat: Promise<Seat>) => void taken.push({ person, seat: await seat })
    const recent = () => pick(taken.slice(-6))

    const acts: (() => Promise<unknown>)[] = [
      () => take(ada!, startCall(ada!, pick(rooms))),
      () => take(others[0]!, startCall(others[0]!, pick(rooms))),
      () => ((person) => take(person, joinCall(person, recent().seat.callId, pick(['phone', 'tablet']))))(pick(people)),
      () => write(someone(), 'declineCall', { callId: recent().seat.callId }),
      () => (({ person, seat }) => write(person, 'leaveCall', { participantId: seat.participantId }))(recent()),
      () => write(pick(people), 'endCall', { callId: recent().seat.callId }),
      () => (({ person, seat }) => send(person, seat.participantId, recent().seat.participantId, 'OFFER', 1, pick(['x', 'y'])))(recent()),
      () => write(ada!, 'muteMember', { roomId: rooms[0], userId: pick(others).id, until: pick([null, '2100-01-01T00:00:00Z']) }),
      () => write(ada!, pick(['archiveRoom', 'unarchiveRoom', 'unarchiveRoom']), { roomId: rooms[1] }),
      () => write(ada!, pick(['blockUser', 'unblockUser', 'unblockUser']), { userId: others[0]!.id }),
      () =>
        sql(
          `update call_participant set due_at = now() where state in ('RINGING', 'JOINED') and id = any(
             select p.id from call_participant p join call c on c.id = p.call_id where c.room_id = any($1::uuid[]) and random() < 0.1) returning 1`,
          [roomIds],
        ),
    ]
    const end = Date.now() + seconds * 1000
    const unexpected: string[] = []
    await Promise.all(
      acts.map(async (act) => {
        while (Date.now() < end) await act().catch((error) => refusals.test(String(error)) || unexpected.push(String(error)))
      }),
    )
    expect(unexpected).toEqual([])

    for (const { seat } of taken) await write(ada!, 'endCall', { callId: seat.callId }).catch(() => {})
    const broken = await sql(
      `select c.id from call c join call_participant p on p.call_id = c.id where c.room_id = any($1::uuid[]) group by c.id
       having c.end_reason is null <> (c.state <> 'ENDED') or c.state = 'ENDED' and bool_or(p.state in ('RINGING', 'JOINED'))`,
      [roomIds],
    )
    expect(broken).toEqual([])
    const told = await sql<{ rang: number; stopped: number; state: string }>(
      `select count(*) filter (where e.type = 'CallRinging')::int as rang, count(*) filter (where e.type <> 'CallRinging')::int as stopped, c.state
       from call c join event e on e.data->>'callId' = c.id::text and e.type in ('CallRinging', 'CallStoppedRinging')
       where c.room_id = any($1::uuid[]) group by c.id, e.stream_id`,
      [roomIds],
    )
    expect(told.length).toBeGreaterThan(5)
    expect(told.filter(({ rang, stopped, state }) => rang !== 1 || stopped > 1 || (state === 'ENDED' && stopped !== 1))).toEqual([])
    const [ended] = await sql<{ calls: number; events: number }>(
      `select (select count(*)::int from call where room_id = any($1::uuid[]) and state = 'ENDED') as calls,
         (select count(*)::int from event where stream_id = any($1::uuid[]) and type = 'CallEnded') as events`,
      [roomIds],
    )
    expect(ended!.events).toBe(ended!.calls)
  }, 60_000)
})
