import type { Services } from '../../graphql/context.ts'
import { badInput, forbidden, notFound } from '../../lib/refusal.ts'
import { uuid } from '../../lib/uuid.ts'
import { runBy } from '../../store/database.ts'
import type { Meeting, Prisma } from '../../store/generated/prisma/client.ts'
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
  /** How many of them may be guests: asking these reaches people, as a new room does. */
  readonly guestsMost: number
  /** Then whoever invites is the first to come. */
  readonly isNew?: boolean
}

/**
 * Within a transaction that holds the room, and the inboxes of all of them: they are asked to come. Refuses to ask whom one may not: those who
 * do not see the room are its guests, as far as one may add them to it.
 */
export async function inviteIn(tx: Transaction, { meetingId, mine, userIds, guestsMost, isNew = false }: Inviting): Promise<void> {
  const guests = await guestsAmong(tx.rows, mine, userIds)
  if (guests.size > guestsMost) throw badInput('attendeeIds', `At most ${guestsMost} people who do not see the room at once, please.`)
  await requireReachable(tx.rows, mine.userId, userIds)
  const host = isNew ? [{ userId: mine.userId, isGuest: false, rsvp: 'ACCEPTED' } as const] : []
  const people = [...host, ...userIds.map((userId) => ({ userId, isGuest: guests.has(userId), rsvp: 'PENDING' }) as const)]
  // They were all invited at once: in the list they keep this order by their ids.
  const ids = people.map(() => uuid()).sort()
  await tx.rows.meetingAttendee.createMany({
    data: people.map((person, index) => ({ ...person, id: ids[index]!, meetingId, invitedById: mine.userId, invitedAt: tx.at })),
  })
  for (const userId of userIds) tx.append(userId, meetingInvited({ meetingId }))
}

/**
 * The same for who comes instead of those who are to come so far. Whoever scheduled it stays, and whoever stays keeps their answer. Answers
 * whether that changes anything.
 */
export async function inviteInsteadIn(
  tx: Transaction,
  { id, createdById }: Meeting,
  { mine, userIds, guestsMost }: Pick<Inviting, 'mine' | 'userIds' | 'guestsMost'>,
): Promise<boolean> {
  const attendees = await tx.rows.meetingAttendee.findMany({ where: { meetingId: id } })
  const wanted = new Set([createdById, ...userIds])
  const before = new Set(attendees.map(({ userId }) => userId))
  const gone = attendees.filter(({ userId }) => !wanted.has(userId))
  const added = userIds.filter((userId) => !before.has(userId) && userId !== createdById)
  if (gone.length === 0 && added.length === 0) return false
  await tx.rows.meetingAttendee.deleteMany({ where: { id: { in: gone.map((attendee) => attendee.id) } } })
  await inviteIn(tx, { meetingId: id, mine, userIds: added, guestsMost })
  return true
}

/** Beside whoever scheduled it, who is among the attendees in any case. */
export function othersAmong({ limits }: Services, hostId: string, attendeeIds: readonly string[]): string[] {
  const others = [...new Set(attendeeIds)].filter((id) => id !== hostId)
  if (others.length >= limits.attendeesMost) throw badInput('attendeeIds', `At most ${limits.attendeesMost} attendees, please.`)
  return others
}

/** Those of them who do not see the room. */
async function guestsAmong(rows: Prisma.TransactionClient, mine: StandingRow, userIds: readonly string[]): Promise<ReadonlySet<string>> {
  if (userIds.length === 0) return new Set()
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
