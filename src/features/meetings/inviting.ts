import { forbidden, notFound } from '../../lib/refusal.ts'
import { uuid } from '../../lib/uuid.ts'
import { runBy } from '../../store/database.ts'
import type { Prisma, Rsvp } from '../../store/generated/prisma/client.ts'
import type { Transaction } from '../../store/transact.ts'
import { requireReachable } from '../blocks/reach.ts'
import { canSee } from '../rooms/policy.ts'
import { itIsArchived } from '../rooms/scene.ts'
import { readStandings, type StandingRow } from '../rooms/standing.ts'
import { meetingInvited } from './events.ts'
import { canInviteGuests } from './policy.ts'

/** Who invites whom, and to what. */
export interface Inviting {
  readonly meetingId: string
  /** How whoever invites stands to the room. */
  readonly mine: StandingRow
  readonly userIds: readonly string[]
}

/**
 * Within a transaction that holds the room, and the inboxes of all of them: they are asked to come. Refuses to ask whom one may not: those who
 * do not see the room are its guests, as far as one may add them to it.
 */
export async function inviteIn(tx: Transaction, { meetingId, mine, userIds }: Inviting): Promise<void> {
  if (userIds.length === 0) return
  const guests = await guestsAmong(tx.rows, mine, userIds)
  await requireReachable(tx.rows, mine.userId, userIds)
  await addIn(
    tx,
    meetingId,
    mine.userId,
    userIds.map((userId) => ({ userId, isGuest: guests.has(userId), rsvp: 'PENDING' })),
  )
  for (const userId of userIds) tx.append(userId, meetingInvited({ meetingId }))
}

interface Attending {
  readonly userId: string
  readonly isGuest: boolean
  readonly rsvp: Rsvp
}

/** In the list they keep the order in which they are given. */
export async function addIn(
  { rows, at }: Transaction,
  meetingId: string,
  invitedById: string,
  people: readonly Attending[],
): Promise<void> {
  const ids = people.map(() => uuid()).sort()
  await rows.meetingAttendee.createMany({
    data: people.map((person, index) => ({ ...person, id: ids[index]!, meetingId, invitedById, invitedAt: at })),
  })
}

/** Those of them who do not see the room. */
async function guestsAmong(rows: Prisma.TransactionClient, mine: StandingRow, userIds: readonly string[]): Promise<ReadonlySet<string>> {
  const { roomId, kind } = mine
  if ((await rows.user.count({ where: { id: { in: [...userIds] }, deletedAt: null } })) < userIds.length) throw notFound('user')
  const standings = await readStandings(
    runBy(rows),
    userIds.map((userId) => ({ roomId, userId })),
  )
  const outside = standings.filter((standing) => !canSee(standing))
  if (outside.length === 0) return new Set()
  if (kind === 'DIRECT') throw forbidden('A direct room stays between its two.')
  if (!canInviteGuests(mine))
    throw forbidden(mine.isArchived ? itIsArchived : 'Only those who run this room may invite people who do not see it.')
  if (kind === 'CHANNEL' && outside.some(({ teamRole }) => teamRole === null))
    throw forbidden('Only people of its team can be in a channel.')
  return new Set(outside.map(({ userId }) => userId))
}

/**
 * Whom a meeting is for when nobody is named: everybody else in the room, unless it has more than `most` members. But for those who have
 * blocked whoever schedules it, or are blocked by them.
 */
export async function findEverybody(rows: Prisma.TransactionClient, roomId: string, personId: string, most: number): Promise<string[]> {
  const found = await runBy(rows)<{ userId: string }>(
    `select m.user_id as "userId" from room_member m join room r on r.id = m.room_id
     where m.room_id = $1 and m.left_at is null and m.user_id <> $2 and r.member_count <= $3
       and not exists (
         select from block where (blocker_id = $2 and blocked_id = m.user_id) or (blocker_id = m.user_id and blocked_id = $2)
       )
     order by m.joined_at, m.id`,
    [roomId, personId, most],
  )
  return found.map(({ userId }) => userId)
}
