import type { Services } from '../../graphql/context.ts'
import { badInput, forbidden } from '../../lib/refusal.ts'
import type { Meeting, MeetingException, Prisma } from '../../store/generated/prisma/client.ts'
import type { Transaction } from '../../store/transact.ts'
import { reach } from '../blocks/reach.ts'
import { neighboursOf, occurrencesFrom, type Series } from '../recurrence/occurrences.ts'
import { whyNoPost } from '../rooms/scene.ts'
import { meetingUpdated } from './events.ts'
import { extentOf } from './extent.ts'
import { readHearers, tellOfMeetingIn } from './hearers.ts'
import { inviteInsteadIn, othersAmong } from './inviting.ts'
import { moveOccurrenceIn } from './moving.ts'
import { namedOf } from './naming.ts'
import { canCancelMeeting, canChangeMeeting } from './policy.ts'
import { inMeeting, type MeetingScene, onlyForItsHost, requireMeeting, requireNotOver } from './scene.ts'
import { settleIn } from './settling.ts'
import { descriptionOf, requireAhead, seriesOf, titleOf } from './wording.ts'

/** What is absent stays as it is. */
export interface UpdateMeeting {
  readonly meetingId: string
  /** The one to move, by when it was first to begin; absent, all of it is meant. */
  readonly occurrence?: Date | null | undefined
  readonly title?: string | null | undefined
  readonly description?: string | null | undefined
  readonly startsAt?: Date | null | undefined
  readonly endsAt?: Date | null | undefined
  readonly timeZone?: string | null | undefined
  readonly recurrence?: string | null | undefined
  readonly attendeeIds?: readonly string[] | null | undefined
}

/**
 * By whoever scheduled it, and by those who run the room. Other times make what was moved or cancelled one by one void, but for another length,
 * which lets it stand. What changes nothing nobody hears of.
 */
export async function updateMeeting(services: Services, person: string, input: UpdateMeeting): Promise<void> {
  requireSaid(input)
  if (input.occurrence != null) requireOnlyTimes(input)
  const { meetingId, attendeeIds } = input
  const words = wordsOf(services, input)
  const known = await requireMeeting(services.database.prisma, meetingId, person)
  const named = attendeeIds == null ? undefined : othersAmong(services, known.meeting.createdById, attendeeIds)
  if (canChangeMeeting(known.mine, known.meeting, person)) await spend(services, person, named)

  const terms = services.meetings.terms
  await inMeeting(services, known.meeting, [person, ...(named ?? [])], async (tx, hearers) => {
    const scene = await requireMeeting(tx.rows, meetingId, person)
    requireMayChange(scene, person)
    const meeting = await settleIn(tx, scene.meeting, { hearers, terms, actorId: null })
    requireNotOver(meeting)
    const occurrence = namedOf(meeting, input.occurrence)
    const times = occurrence
      ? await moveOccurrenceIn(tx, meeting, { ...input, occurrence }, services.limits)
      : await changeTimesIn(tx, services, meeting, input)
    const said = Object.entries(words).some(([name, text]) => meeting[name as keyof typeof words] !== text) ? words : {}
    const data = { ...said, ...times }
    const isOther = Object.keys(data).length > 0
    const areOthers =
      named !== undefined &&
      (await inviteInsteadIn(tx, meeting, { mine: scene.mine, userIds: named, guestsMost: services.limits.listMost }))
    if (!isOther && !areOthers) return
    const changes = isOther ? { ...data, revision: { increment: 1 }, updatedAt: tx.at } : {}
    const updated = await tx.rows.meeting.update({ where: { id: meetingId }, data: changes })
    tellOfMeetingIn(tx, updated, hearers, meetingUpdated({ meetingId, actorId: person }))
    await settleIn(tx, updated, { hearers: await readHearers(tx.rows, meetingId), terms, actorId: person, isTold: true })
  })
}

/** A text can be taken away, but for its title; all else is something or stays. */
function requireSaid(input: UpdateMeeting): void {
  for (const field of ['title', 'startsAt', 'endsAt', 'timeZone', 'attendeeIds'] as const)
    if (input[field] === null) throw badInput(field, 'A meeting has to have this: leave it out, and it stays as it is.')
}

/** One of a series has its own times, and shares all else with the others. */
function requireOnlyTimes(input: UpdateMeeting): void {
  for (const field of ['title', 'description', 'timeZone', 'recurrence', 'attendeeIds'] as const)
    if (input[field] !== undefined) throw badInput(field, 'Of one occurrence only startsAt and endsAt can be changed.')
}

function wordsOf(services: Services, { title, description }: UpdateMeeting) {
  return {
    ...(title != null && { title: titleOf(services, title) }),
    ...(description !== undefined && { description: descriptionOf(services, description) }),
  }
}

/** Asking people to come reaches them; all else is heard of as what is said. */
async function spend(services: Services, person: string, named: readonly string[] | undefined): Promise<void> {
  await (named ? reach(services, person) : services.rates.spend('send', person))
}

function requireMayChange({ meeting, mine }: MeetingScene, person: string): void {
  if (canChangeMeeting(mine, meeting, person)) return
  throw forbidden(canCancelMeeting(mine, meeting, person) ? whyNoPost(mine)! : onlyForItsHost)
}

/** Answers what is to be written down; nothing when the times stay. */
async function changeTimesIn(
  tx: Transaction,
  services: Services,
  meeting: Meeting,
  { startsAt, endsAt, timeZone, recurrence }: UpdateMeeting,
): Promise<Prisma.MeetingUncheckedUpdateInput> {
  const wanted = {
    startsAt: startsAt ?? meeting.startsAt,
    endsAt: endsAt ?? meeting.endsAt,
    timeZone: timeZone ?? meeting.timeZone,
    recurrence: recurrence === undefined ? meeting.recurrence : recurrence,
  }
  const series = seriesOf(services, wanted, endsAt == null && startsAt != null ? 'startsAt' : 'endsAt')
  const isLonger = series.endsAt.getTime() !== meeting.endsAt.getTime()
  const isOther =
    series.startsAt.getTime() !== meeting.startsAt.getTime() ||
    series.timeZone !== meeting.timeZone ||
    series.recurrence !== meeting.recurrence
  if (!isLonger && !isOther) return {}

  const exceptions = isOther ? [] : await tx.rows.meetingException.findMany({ where: { meetingId: meeting.id } })
  if (isOther) await tx.rows.meetingException.deleteMany({ where: { meetingId: meeting.id } })
  requireApart(series, exceptions)
  const extent = extentOf(series, exceptions)
  requireAhead(series, extent.lastEndsAt, tx.at)
  const [first] = isOther ? occurrencesFrom(series, exceptions, tx.at) : []
  return { ...series, ...extent, ...(first && { currentStart: first.originalStart }) }
}

/** What was moved stays apart from those beside it when these last longer. */
function requireApart(series: Series, exceptions: readonly MeetingException[]): void {
  for (const { originalStart, startsAt, endsAt, isCancelled } of exceptions) {
    if (!startsAt || !endsAt || isCancelled) continue
    const { before, after } = neighboursOf(series, exceptions, originalStart)
    if ((before && before.endsAt >= startsAt) || (after && after.startsAt <= endsAt))
      throw badInput('endsAt', 'So it would run into an occurrence that was moved.')
  }
}
