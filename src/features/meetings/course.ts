import type { MeetingStatus } from '../../store/generated/prisma/client.ts'
import { type Exception, type Occurrence, occurrenceAt, occurrencesFrom, type Series } from '../recurrence/occurrences.ts'
import { type MeetingMove, moved } from './moves.ts'

/** Where a meeting stands: what is written down of it. */
export interface Course {
  readonly status: MeetingStatus
  /** The original start of the occurrence that runs or comes next; of the last one when there is none. */
  readonly currentStart: Date
  /** Of which occurrence people were last reminded, by when it was to start then. */
  readonly remindedOf: Date | null
}

export interface Moment {
  readonly now: Date
  /** Somebody is in its call. */
  readonly isAttended: boolean
  readonly reminderMs: number
}

/** What follows from the time, and from who is there. */
export interface Progress {
  readonly course: Course
  /** What befell it, in order. */
  readonly moves: readonly MeetingMove[]
  /** Of this occurrence people are to be reminded now. */
  readonly toRemindOf: Occurrence | undefined
  /** When to look again; null when nothing follows from the time any more. */
  readonly dueAt: Date | null
}

/**
 * Moves a meeting on to where it should stand at this moment. Decides by nothing else, so it may be asked as often as one likes: nothing comes of
 * it twice. However long nobody asked, it goes straight to the occurrence of now.
 */
export function progressOf(series: Series, exceptions: readonly Exception[], course: Course, moment: Moment): Progress {
  const { now, isAttended, reminderMs } = moment
  const over = { course, moves: [], toRemindOf: undefined, dueAt: null }
  if (course.status === 'COMPLETED' || course.status === 'CANCELLED') return over

  const moves: MeetingMove[] = []
  let { currentStart, remindedOf } = course
  let status: MeetingStatus = course.status
  const move = (what: MeetingMove) => {
    moves.push(what)
    status = moved(status, what)
  }

  let current = heldAt(series, exceptions, currentStart)
  let next = nextOf(series, exceptions, now, current)
  if (!current || isOver(current, next, moment)) {
    if (!next) {
      move('ended')
      return { ...over, moves, course: { status, currentStart, remindedOf } }
    }
    move('cameRound')
    current = next
    currentStart = current.originalStart
    next = nextOf(series, exceptions, now, current)
  } else if (status === 'IN_PROGRESS' && now < current.startsAt) move('cameRound')
  if (status === 'SCHEDULED' && isAttended && now >= current.startsAt) move('began')

  const upcoming = now < current.startsAt ? current : next
  const remindAt = upcoming && remindedOf?.getTime() !== upcoming.startsAt.getTime() && new Date(upcoming.startsAt.getTime() - reminderMs)
  const toRemindOf = remindAt && now >= remindAt ? upcoming : undefined
  if (toRemindOf) remindedOf = toRemindOf.startsAt

  const times = [remindAt, current.startsAt, current.endsAt, next?.startsAt].filter((time) => time && time > now) as Date[]
  const dueAt = times.length > 0 ? new Date(Math.min(...times.map((time) => time.getTime()))) : null
  return { course: { status, currentStart, remindedOf }, moves, toRemindOf, dueAt }
}

/** While somebody is still there it goes on, until the next one begins. */
function isOver({ endsAt }: Occurrence, next: Occurrence | undefined, { now, isAttended }: Moment): boolean {
  return now >= endsAt && (!isAttended || (next !== undefined && now >= next.startsAt))
}

/** The occurrence, if it takes place. */
function heldAt(series: Series, exceptions: readonly Exception[], originalStart: Date): Occurrence | undefined {
  const found = occurrenceAt(series, exceptions, originalStart)
  return found?.isCancelled ? undefined : found
}

/** The first after the current one that is not over and takes place. */
function nextOf(series: Series, exceptions: readonly Exception[], now: Date, current: Occurrence | undefined): Occurrence | undefined {
  for (const one of occurrencesFrom(series, exceptions, now)) {
    if (!one.isCancelled && (!current || one.originalStart > current.originalStart)) return one
  }
  return undefined
}
