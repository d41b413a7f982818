import { describe, expect, it } from 'vitest'
import { type Course, type Progress, progressOf } from '../../../src/features/meetings/course.ts'
import { type MeetingMove, meetingMoves, moved } from '../../../src/features/meetings/moves.ts'
import { type Exception, occurrenceAt, occurrencesFrom, type Series } from '../../../src/features/recurrence/occurrences.ts'
import type { MeetingStatus } from '../../../src/store/generated/prisma/client.ts'

/** Which move leads where. Whatever is not written here is not legal. */
const table: Record<MeetingStatus, Partial<Record<MeetingMove, MeetingStatus>>> = {
  SCHEDULED: { began: 'IN_PROGRESS', ended: 'COMPLETED', cameRound: 'SCHEDULED', cancelled: 'CANCELLED' },
  IN_PROGRESS: { ended: 'COMPLETED', cameRound: 'SCHEDULED', cancelled: 'CANCELLED' },
  COMPLETED: {},
  CANCELLED: {},
}
const statuses = Object.keys(table) as MeetingStatus[]
const moves = Object.keys(meetingMoves) as MeetingMove[]

const minute = 60_000
const at = (text: string) => new Date(`2026-06-${text}:00Z`)
const once: Series = { startsAt: at('01T09:00'), endsAt: at('01T10:00'), timeZone: 'Europe/Berlin', recurrence: null }
const daily: Series = { ...once, recurrence: 'FREQ=DAILY;COUNT=5' }
const fresh: Course = { status: 'SCHEDULED', currentStart: once.startsAt, remindedOf: null }
const running: Course = { ...fresh, status: 'IN_PROGRESS' }
const cancelled = (originalStart: Date): Exception => ({ originalStart, startsAt: null, endsAt: null, isCancelled: true })
const movedTo = (originalStart: Date, startsAt: Date): Exception => ({
  originalStart,
  startsAt,
  endsAt: new Date(startsAt.getTime() + 60 * minute),
  isCancelled: false,
})

interface Look {
  readonly series?: Series
  readonly exceptions?: readonly Exception[]
  readonly course?: Course
  readonly isAttended?: boolean
}

function look(now: string, { series = once, exceptions = [], course = fresh, isAttended = false }: Look = {}): Progress {
  return progressOf(series, exceptions, course, { now: at(now), isAttended, reminderMs: 10 * minute })
}

describe('a meeting', () => {
  it.each(statuses.flatMap((status) => moves.map((move) => [status, move, table[status][move]] as const)))(
    '%s, %s: %s',
    (status, move, becomes) => {
      if (becomes) expect(moved(status, move)).toBe(becomes)
      else expect(() => moved(status, move)).toThrow(`a meeting that is ${status} cannot be moved by ${move}`)
    },
  )

  it.each(['COMPLETED', 'CANCELLED'] as const)('that is %s stays so, whoever is there, and is never looked at again', (status) => {
    for (const isAttended of [false, true])
      for (const now of ['01T08:55', '01T09:30', '01T11:00', '02T09:30']) {
        const course = { ...fresh, status }
        expect(look(now, { series: daily, course, isAttended })).toEqual({ course, moves: [], toRemindOf: undefined, dueAt: null })
      }
  })

  it('is looked at when its reminder is due, when it begins, and when it ends', () => {
    expect(look('01T08:00')).toMatchObject({ course: fresh, moves: [], dueAt: at('01T08:50') })
    expect(look('01T08:50').dueAt).toEqual(at('01T09:00'))
    expect(look('01T09:00').dueAt).toEqual(at('01T10:00'))
    expect(look('01T10:00').dueAt).toBeNull()
  })

  it('begins when the first one is there at its start or later', () => {
    for (const now of ['01T09:00', '01T09:59'])
      expect(look(now, { isAttended: true })).toMatchObject({ course: running, moves: ['began'], dueAt: at('01T10:00') })
    expect(look('01T09:00')).toMatchObject({ course: fresh, moves: [] })
  })

  it('waits for its start when people come early', () => {
    expect(look('01T08:59', { isAttended: true })).toMatchObject({ course: { status: 'SCHEDULED' }, moves: [], dueAt: at('01T09:00') })
  })

  it('goes on while nobody is there, until its end', () => {
    expect(look('01T09:59', { course: running })).toMatchObject({ course: running, moves: [] })
    expect(look('01T10:00', { course: running })).toMatchObject({ course: { status: 'COMPLETED' }, moves: ['ended'], dueAt: null })
  })

  it('is over when its end passes and nobody came', () => {
    expect(look('01T10:00')).toMatchObject({ course: { status: 'COMPLETED' }, moves: ['ended'] })
  })

  it('lasts beyond its end while somebody is there', () => {
    const late = look('01T13:00', { course: running, isAttended: true })
    expect(late).toEqual({ course: running, moves: [], toRemindOf: undefined, dueAt: null })
    expect(look('01T13:00', { course: running })).toMatchObject({ course: { status: 'COMPLETED' }, moves: ['ended'] })
  })

  it('is one that comes again when it is put off while it runs', () => {
    const later = { ...once, startsAt: at('03T09:00'), endsAt: at('03T10:00') }
    const course = { ...running, currentStart: later.startsAt }
    expect(look('01T09:30', { series: later, course, isAttended: true })).toMatchObject({
      course: { status: 'SCHEDULED' },
      moves: ['cameRound'],
    })
  })
})

describe('a series', () => {
  const on = (day: string, status: MeetingStatus = 'SCHEDULED'): Course => ({ ...fresh, status, currentStart: at(`${day}T09:00`) })

  it('comes round when one ends, and is over with its last', () => {
    expect(look('01T10:00', { series: daily, course: running })).toMatchObject({
      course: on('02'),
      moves: ['cameRound'],
      dueAt: at('02T08:50'),
    })
    expect(look('05T09:30', { series: daily, course: on('05'), isAttended: true }).moves).toEqual(['began'])
    expect(look('05T10:00', { series: daily, course: on('05', 'IN_PROGRESS') })).toMatchObject({
      course: { status: 'COMPLETED', currentStart: at('05T09:00') },
      moves: ['ended'],
      dueAt: null,
    })
  })

  it('with somebody always there runs each day from its start until the next begins', () => {
    let course: Course = fresh
    const went: string[] = []
    for (let hours = 0; hours < 6 * 24; hours++) {
      const now = new Date(at('01T00:00').getTime() + hours * 60 * minute)
      const progress = progressOf(daily, [], course, { now, isAttended: true, reminderMs: 0 })
      course = progress.course
      for (const move of progress.moves) went.push(`${now.toISOString().slice(8, 13)} ${move}`)
      expect(course.status).toBe(now < once.startsAt ? 'SCHEDULED' : 'IN_PROGRESS')
    }
    expect(went).toEqual(['01T09 began', ...['02', '03', '04', '05'].flatMap((day) => [`${day}T09 cameRound`, `${day}T09 began`])])
  })

  it('goes straight to the occurrence of now when nobody has asked for days', () => {
    expect(look('04T09:30', { series: daily })).toMatchObject({ course: on('04'), moves: ['cameRound'], dueAt: at('04T10:00') })
    expect(look('04T09:30', { series: daily, isAttended: true })).toMatchObject({
      course: on('04', 'IN_PROGRESS'),
      moves: ['cameRound', 'began'],
    })
    expect(look('04T12:00', { series: daily, course: running })).toMatchObject({ course: on('05'), moves: ['cameRound'] })
    expect(look('30T12:00', { series: daily, course: running })).toMatchObject({ course: { status: 'COMPLETED' }, moves: ['ended'] })
  })

  it('that never ends has come round after years', () => {
    const endless = { ...daily, recurrence: 'FREQ=DAILY' }
    const now = new Date('2036-06-01T08:00:00Z')
    const { course, dueAt } = progressOf(endless, [], fresh, { now, isAttended: false, reminderMs: 10 * minute })
    expect(course.currentStart).toEqual(new Date('2036-06-01T09:00:00Z'))
    expect(dueAt).toEqual(new Date('2036-06-01T08:50:00Z'))
  })

  it('goes on with the next when the one that comes is cancelled, and passes over others that are', () => {
    const exceptions = [cancelled(at('01T09:00')), cancelled(at('02T09:00'))]
    expect(look('01T08:00', { series: daily, exceptions })).toMatchObject({ course: on('03'), moves: ['cameRound'], dueAt: at('03T08:50') })
    const next = look('01T10:00', { series: daily, exceptions: [cancelled(at('02T09:00'))] })
    expect(next.course).toEqual(on('03'))
  })

  it('is over when all that was left of it is cancelled', () => {
    const exceptions = ['02', '03', '04', '05'].map((day) => cancelled(at(`${day}T09:00`)))
    expect(look('01T10:00', { series: daily, exceptions })).toMatchObject({ course: { status: 'COMPLETED' }, moves: ['ended'] })
    const last = { series: daily, exceptions, course: on('05') }
    expect(look('04T12:00', last)).toMatchObject({ course: { status: 'COMPLETED' }, moves: ['ended'] })
  })

  it('goes by where an occurrence was moved', () => {
    const exceptions = [movedTo(at('02T09:00'), at('02T15:00'))]
    const course = on('02')
    expect(look('02T09:30', { series: daily, exceptions, course, isAttended: true })).toMatchObject({ course, moves: [] })
    expect(look('02T15:00', { series: daily, exceptions, course, isAttended: true }).moves).toEqual(['began'])
    expect(look('02T10:00', { series: daily, exceptions, course })).toMatchObject({ moves: [], dueAt: at('02T14:50') })
  })

  it('ends an overrun when the next begins, though that was moved near', () => {
    const exceptions = [movedTo(at('02T09:00'), at('01T10:05'))]
    const there = { series: daily, exceptions, course: running, isAttended: true }
    expect(look('01T10:04', there)).toMatchObject({
      course: { status: 'IN_PROGRESS', currentStart: at('01T09:00') },
      dueAt: at('01T10:05'),
    })
    expect(look('01T10:05', there)).toMatchObject({ course: on('02', 'IN_PROGRESS'), moves: ['cameRound', 'began'] })
  })
})

describe('a reminder', () => {
  it('is due ten minutes before, once', () => {
    expect(look('01T08:49').toRemindOf).toBeUndefined()
    const due = look('01T08:50')
    expect(due.toRemindOf?.startsAt).toEqual(at('01T09:00'))
    expect(due.course.remindedOf).toEqual(at('01T09:00'))
    expect(look('01T08:51', { course: due.course }).toRemindOf).toBeUndefined()
  })

  it('comes later when nobody could send it then, and not at all once it has begun', () => {
    expect(look('01T08:59').toRemindOf?.startsAt).toEqual(at('01T09:00'))
    expect(look('01T09:00').toRemindOf).toBeUndefined()
  })

  it('is due nowhere where it would come at the start itself', () => {
    for (const now of ['01T08:50', '01T08:59', '01T09:00']) {
      const { toRemindOf } = progressOf(once, [], fresh, { now: at(now), isAttended: false, reminderMs: 0 })
      expect(toRemindOf).toBeUndefined()
    }
  })

  it('comes anew when what it was of has been moved, and not when it was moved there and back', () => {
    const course = { ...fresh, remindedOf: at('01T09:00') }
    const exceptions = [movedTo(at('01T09:00'), at('01T14:00'))]
    expect(look('01T08:55', { series: daily, exceptions, course })).toMatchObject({ toRemindOf: undefined, dueAt: at('01T13:50') })
    expect(look('01T13:50', { series: daily, exceptions, course }).toRemindOf?.startsAt).toEqual(at('01T14:00'))
    expect(look('01T08:55', { series: daily, course }).toRemindOf).toBeUndefined()
  })

  it('is of each occurrence, and of none that is cancelled', () => {
    const course = { ...fresh, remindedOf: at('01T09:00') }
    expect(look('02T08:50', { series: daily, course }).toRemindOf?.startsAt).toEqual(at('02T09:00'))
    expect(look('02T08:50', { series: daily, course, exceptions: [cancelled(at('02T09:00'))] }).toRemindOf).toBeUndefined()
  })

  it('of the next comes also while one still runs, and only once', () => {
    const exceptions = [movedTo(at('02T09:00'), at('01T10:05'))]
    const course = { ...running, remindedOf: at('01T09:00') }
    expect(look('01T09:30', { series: daily, exceptions, course, isAttended: true }).dueAt).toEqual(at('01T09:55'))
    const due = look('01T09:55', { series: daily, exceptions, course, isAttended: true })
    expect(due).toMatchObject({ course: { status: 'IN_PROGRESS', currentStart: at('01T09:00') }, toRemindOf: { startsAt: at('01T10:05') } })
    expect(look('01T10:00', { series: daily, exceptions, course: due.course })).toMatchObject({
      moves: ['cameRound'],
      toRemindOf: undefined,
    })
  })
})

describe('whatever happens, in whatever order', () => {
  const seeds = Array.from({ length: 60 }, (_, index) => index + 1)
  const rules = [null, 'FREQ=DAILY;COUNT=4', 'FREQ=DAILY', 'FREQ=WEEKLY;BYDAY=MO,WE;COUNT=6', 'FREQ=WEEKLY;UNTIL=20260620T090000Z']

  it.each(rules)('%s: only legal moves, nothing due that has passed, nothing twice', (recurrence) => {
    for (const seed of seeds) {
      const random = randomOf(seed)
      const series = { ...once, recurrence }
      const exceptions = exceptionsOf(series, random)
      const reminded: number[] = []
      let course = fresh
      let now = at('01T07:00').getTime()
      let isAttended = false
      for (let step = 0; step < 60; step++) {
        // From minutes to days, and now and then exactly when it asked to be looked at.
        const moment = { now: new Date(now), isAttended, reminderMs: 10 * minute }
        const progress = progressOf(series, exceptions, course, moment)
        const { dueAt, toRemindOf } = progress
        expect(progress.moves.reduce(moved, course.status)).toBe(progress.course.status)
        if (dueAt) expect(dueAt.getTime()).toBeGreaterThan(now)
        expect(progress.course.currentStart.getTime()).toBeGreaterThanOrEqual(course.currentStart.getTime())
        expect(progressOf(series, exceptions, progress.course, moment)).toEqual({ ...progress, moves: [], toRemindOf: undefined })
        if (toRemindOf) reminded.push(toRemindOf.startsAt.getTime())
        course = progress.course
        expectItToBeSo(series, exceptions, course, moment, dueAt)
        now = dueAt && random() < 0.5 ? dueAt.getTime() : now + Math.ceil(random() ** 4 * 4 * 24 * 60) * minute
        isAttended = random() < 0.5
      }
      expect(new Set(reminded).size).toBe(reminded.length)
    }
  })

  /** What the status says of this moment. */
  function expectItToBeSo(
    series: Series,
    exceptions: readonly Exception[],
    { status, currentStart }: Course,
    { now, isAttended }: { now: Date; isAttended: boolean },
    dueAt: Date | null,
  ) {
    const isHeld = ({ isCancelled }: { isCancelled: boolean }) => !isCancelled
    const ahead = [...take(occurrencesFrom(series, exceptions, now), 10)].filter(isHeld)
    const runs = ahead.find(({ startsAt }) => startsAt <= now)
    if (status === 'COMPLETED') return void expect(ahead).toEqual([])
    const current = occurrenceAt(series, exceptions, currentStart)!
    expect(isHeld(current)).toBe(true)
    if (runs) expect(current).toEqual(runs)
    if (runs && isAttended) expect(status).toBe('IN_PROGRESS')
    if (now < current.startsAt) expect(status).toBe('SCHEDULED')
    // Beyond its end only with somebody there: then the last to leave is what it waits for.
    if (now >= current.endsAt) expect([isAttended, status]).toEqual([true, 'IN_PROGRESS'])
    if (!isAttended) expect(dueAt).not.toBeNull()
  }

  /** Some are cancelled, some come up to two hours later. */
  function exceptionsOf(series: Series, random: () => number): Exception[] {
    return [...take(occurrencesFrom(series, [], series.startsAt), 12)].flatMap(({ originalStart }) => {
      const chance = random()
      if (chance < 0.15) return [cancelled(originalStart)]
      if (chance > 0.3) return []
      return [movedTo(originalStart, new Date(originalStart.getTime() + Math.floor(random() * 120) * minute))]
    })
  }
})

function* take<Item>(items: Iterable<Item>, count: number): Generator<Item, void> {
  let left = count
  for (const item of items) {
    if (left-- === 0) return
    yield item
  }
}

/** The same numbers for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return (state >>> 0) / 2 ** 32
  }
}
