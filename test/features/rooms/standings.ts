import { encodeId } from '../../../src/graphql/ids.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import type { Database } from '../../../src/store/database.ts'
import type { NotificationLevel, RoomKind, RoomRole, TeamRole } from '../../../src/store/generated/prisma/client.ts'
import type { APerson, Domain } from '../../support/domain.ts'

/** How somebody stands to a room and its team. `left`: they were in it. */
export interface Stance {
  readonly room: RoomRole | 'left' | null
  readonly team: TeamRole | 'left' | null
}

/** The room as it is, and what holds for whoever asks. */
export interface Place {
  readonly kind: RoomKind
  readonly isPrivate: boolean
  readonly isArchived: boolean
  readonly isSevered: boolean
  readonly isMuted: boolean
}

/**
 * A room of its own for one attempt: somebody in their stance, two others in it, what each of them has said, a call with one of those, and a
 * meeting that they planned.
 */
export interface Scene {
  readonly roomId: string
  readonly actor: APerson
  /** A plain member, in a team's channel one of its team. */
  readonly other: APerson
  /** Of the team, in no room. */
  readonly guest: APerson
  readonly own: string
  readonly theirs: string
  readonly callId: string
  /** The place of the plain member in it, who began it. */
  readonly participantId: string
  readonly meetingId: string
}

type Row = Record<string, unknown>

/** People and a team that are made once, and any number of rooms, which are written as rows: all of them in a few statements. */
export async function createStage(domain: Domain) {
  const { database } = domain
  const names = ['Stranger', 'Gone', 'Mate', 'Lead', 'Other', 'Guest', 'Keeper']
  const [stranger, gone, mate, lead, other, guest, keeper] = (await Promise.all(names.map((name) => domain.aPerson(name)))) as [
    APerson,
    APerson,
    APerson,
    APerson,
    APerson,
    APerson,
    APerson,
  ]
  const at = new Date().toISOString()
  const teamId = uuid()
  const teamed = new Map<APerson, TeamRole | 'left'>([
    [gone, 'left'],
    [mate, 'MEMBER'],
    [lead, 'LEAD'],
    ...[other, guest, keeper].map((person) => [person, 'MEMBER'] as const),
  ])
  await insert(database, 'team', [
    { id: teamId, name: 'Team', slug: `t-${teamId}`, member_count: 5, created_by_id: keeper.id, created_at: at },
  ])
  await insert(database, 'stream', [{ id: teamId, head: 0, active_at: at }])
  await insert(
    database,
    'team_member',
    [...teamed].map(([person, role]) => ({
      id: uuid(),
      team_id: teamId,
      user_id: person.id,
      role: role === 'left' ? 'MEMBER' : role,
      joined_at: at,
      left_at: role === 'left' ? at : null,
    })),
  )
  const actorOf = ({ team }: Stance) => (team === null ? stranger : team === 'left' ? gone : team === 'LEAD' ? lead : mate)

  const rooms: Row[] = []
  const members: Row[] = []
  const messages: Row[] = []
  const calls: Row[] = []
  const participants: Row[] = []
  const meetings: Row[] = []

  /** Nothing is there before `build`. */
  function draw(place: Place, stance: Stance): Scene {
    const roomId = uuid()
    const actor = actorOf(stance)
    const { kind, isPrivate, isArchived, isSevered, isMuted } = place
    const member = (person: APerson, role: RoomRole | 'left', mutedUntil: string | null) => ({
      id: uuid(),
      room_id: roomId,
      user_id: person.id,
      role: role === 'left' ? 'MEMBER' : role,
      joined_at: at,
      left_at: role === 'left' ? at : null,
      muted_until: mutedUntil,
      notification_level: 'ALL' satisfies NotificationLevel,
    })
    const present = [
      ...(stance.room === null ? [] : [member(actor, stance.room, isMuted ? '2100-01-01T00:00:00Z' : null)]),
      member(other, 'MEMBER', null),
      ...(kind === 'DIRECT' ? [] : [member(keeper, 'ADMIN', null)]),
    ]
    rooms.push({
      id: roomId,
      kind,
      name: kind === 'DIRECT' ? null : 'Room',
      team_id: kind === 'CHANNEL' ? teamId : null,
      is_private: isPrivate,
      is_general: false,
      is_severed: isSevered,
      archived_at: isArchived ? at : null,
      member_count: present.filter(({ left_at }) => left_at === null).length,
      created_by_id: keeper.id,
      created_at: at,
    })
    members.push(...present)
    const say = (person: APerson, seq: number) => {
      const id = uuid()
      const content = 'Something'
      messages.push({ id, room_id: roomId, seq, sender_id: person.id, content, nonce: id, nonce_hash: '', created_at: at })
      return id
    }
    const [callId, participantId, meetingId] = [uuid(), uuid(), uuid()]
    calls.push({ id: callId, room_id: roomId, media: 'AUDIO', state: 'ONGOING', started_by_id: other.id, started_at: at, answered_at: at })
    const theirs = { id: participantId, call_id: callId, user_id: other.id, state: 'JOINED', place: 1 }
    participants.push({ ...theirs, audio: true, video: false, screen: false, is_dropped: false })
    const [start, end] = ['2100-01-01T09:00:00Z', '2100-01-01T10:00:00Z']
    const times = { starts_at: start, ends_at: end, first_starts_at: start, last_ends_at: end, current_start: start, time_zone: 'UTC' }
    const planned = { id: meetingId, room_id: roomId, title: 'Plans', created_by_id: other.id, created_at: at, updated_at: at }
    meetings.push({ ...planned, ...times, status: 'SCHEDULED', revision: 0 })
    return { roomId, actor, other, guest, own: say(actor, 1), theirs: say(other, 2), callId, participantId, meetingId }
  }

  async function build(): Promise<void> {
    await insert(
      database,
      'stream',
      [...rooms.map(({ id }) => ({ id, head: 2 })), ...participants.map(({ id }) => ({ id, head: 0 }))].map((stream) => ({
        ...stream,
        active_at: at,
      })),
    )
    await insert(database, 'room', rooms)
    await insert(database, 'room_member', members)
    await insert(database, 'message', messages)
    await insert(database, 'call', calls)
    await insert(database, 'call_participant', participants)
    await insert(database, 'meeting', meetings)
  }

  return { draw, build }
}

export const typeOf = { DIRECT: 'DirectRoom', GROUP: 'GroupRoom', CHANNEL: 'Channel' } as const

export const globalIdOf = ({ kind }: Place, { roomId }: Scene) => encodeId(typeOf[kind], roomId)

/** Rows that all have the same columns, in one statement. */
async function insert({ sql }: Database, table: string, rows: readonly Row[]): Promise<void> {
  const columns = Object.keys(rows[0]!).join(', ')
  await sql(`insert into ${table} (${columns}) select ${columns} from json_populate_recordset(null::${table}, $1::json)`, [
    JSON.stringify(rows),
  ])
}
