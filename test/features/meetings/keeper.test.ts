import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { dueAtOnce } from '../../../src/features/meetings/due.ts'
import { createMeetings, type MeetingsOptions, type OwnedMeetings } from '../../../src/features/meetings/keeper.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import type { Database } from '../../../src/store/database.ts'
import { act } from '../../support/acting.ts'
import type { APerson, Domain } from '../../support/domain.ts'
import { type ARoom, aGroup } from '../../support/rooms.ts'
import { aChannel, aTeam } from '../../support/teams.ts'
import { aQuietDomain } from '../calls/support.ts'
import { type AMeeting, heardIn, joinMeeting, leave, meetingFor, moveBack, pass, rowOf, saidIn, schedule, soon } from './support.ts'

let domain: Domain
let ann: APerson
let ben: APerson
let room: ARoom
beforeAll(async () => {
  domain = await aQuietDomain()
})
beforeEach(async () => {
  ;[ann, ben] = [await domain.aPerson('Ann'), await domain.aPerson('Ben')]
  room = await aGroup(ann, ben)
})

/** A node of one's own, whose timer stands still unless it is given a time. */
function aNode(more: Partial<MeetingsOptions> & { database?: Database } = {}): OwnedMeetings {
  const { database = domain.database, ...options } = more
  const still = { meetingTickMs: 2 ** 31 - 1, base: () => '', onTrouble: () => {} }
  return createMeetings(database, domain.services.transact, { ...domain.services.meetings.terms, ...still, ...options })
}

const statusOf = async (meeting: AMeeting) => (await meetingFor(ann, meeting)).status
const remindersOf = async (person: APerson) => (await heardIn(domain, person.id)).filter((type) => type === 'MeetingReminder').length

describe('a meeting', () => {
  it('that nobody comes to is over when its end passes: the room hears so, and it is looked at no more', async () => {
    const meeting = await schedule(ann, room)
    await pass(domain, meeting, 89)
    expect(await statusOf(meeting)).toBe('SCHEDULED')
    await pass(domain, meeting, 1)
    expect(await statusOf(meeting)).toBe('COMPLETED')
    expect(await heardIn(domain, room.id)).toEqual(['MeetingScheduled', 'MeetingUpdated'])
    expect(await rowOf(domain, meeting)).toMatchObject({ dueAt: null })
    expect(await saidIn(domain, room)).toEqual([])
  })

  it('is in progress from its start when somebody came early', async () => {
    const meeting = await schedule(ann, room)
    await joinMeeting(ben, meeting)
    expect(await statusOf(meeting)).toBe('SCHEDULED')
    await pass(domain, meeting, 60)
    expect(await statusOf(meeting)).toBe('IN_PROGRESS')
    expect(await saidIn(domain, room)).toEqual(['MEETING_STARTED'])
    expect(await heardIn(domain, room.id)).toEqual(['MeetingScheduled', 'MeetingUpdated'])
  })

  it('does not begin with those who came early and are just being taken out, whoever looks first', async () => {
    const meeting = await schedule(ann, room)
    await joinMeeting(ben, meeting)
    await act(ann, 'archiveRoom', { roomId: room.globalId })
    await pass(domain, meeting, 60)
    expect(await statusOf(meeting)).toBe('SCHEDULED')
    expect(await saidIn(domain, room)).toEqual([])
    await domain.services.calls.tick()
    await pass(domain, meeting, 30)
    expect(await statusOf(meeting)).toBe('COMPLETED')
    expect(await rowOf(domain, meeting)).toMatchObject({ dueAt: null })
  })

  it('goes on beyond its end while somebody is there, and is over when the last one leaves', async () => {
    const meeting = await schedule(ann, room)
    await moveBack(domain, meeting, 65)
    const [mine, theirs] = [await joinMeeting(ann, meeting), await joinMeeting(ben, meeting)]
    await pass(domain, meeting, 60)
    await leave(ann, mine)
    await pass(domain, meeting, 0)
    expect(await statusOf(meeting)).toBe('IN_PROGRESS')
    await leave(ben, theirs)
    await pass(domain, meeting, 0)
    expect(await statusOf(meeting)).toBe('COMPLETED')
    expect(await saidIn(domain, room)).toEqual(['MEETING_STARTED'])
  })

  it('whose last one leaves before its end is in progress until then, and whoever comes back finds it so', async () => {
    const meeting = await schedule(ann, room)
    await moveBack(domain, meeting, 65)
    await leave(ann, await joinMeeting(ann, meeting))
    await pass(domain, meeting, 0)
    expect(await statusOf(meeting)).toBe('IN_PROGRESS')
    await leave(ann, await joinMeeting(ann, meeting))
    await pass(domain, meeting, 25)
    expect(await statusOf(meeting)).toBe('COMPLETED')
    expect(await saidIn(domain, room)).toEqual(['MEETING_STARTED'])
  })

  it('that is put off while it runs is yet to come: who is there waits in its call', async () => {
    const meeting = await schedule(ann, room)
    await moveBack(domain, meeting, 65)
    const mine = await joinMeeting(ann, meeting)
    await act(ann, 'updateMeeting', { meetingId: meeting.globalId, startsAt: soon(60), endsAt: soon(90) })
    expect(await meetingFor(ann, meeting)).toMatchObject({ status: 'SCHEDULED', activeCall: { id: mine.call.id } })
    await pass(domain, meeting, 60)
    expect(await statusOf(meeting)).toBe('IN_PROGRESS')
    expect(await saidIn(domain, room)).toEqual(['MEETING_STARTED', 'MEETING_STARTED'])
  })

  it('comes round: it shows the next of its occurrences, and begins anew', async () => {
    const meeting = await schedule(ann, room, { recurrence: 'FREQ=DAILY;COUNT=2' })
    await moveBack(domain, meeting, 65)
    await leave(ann, await joinMeeting(ann, meeting))
    await pass(domain, meeting, 30)
    const { startsAt, currentStart, dueAt } = await rowOf(domain, meeting)
    expect(currentStart.getTime() - startsAt.getTime()).toBe(24 * 3_600_000)
    expect(dueAt).toEqual(new Date(currentStart.getTime() - 600_000))
    expect(await statusOf(meeting)).toBe('SCHEDULED')
    await pass(domain, meeting, 24 * 60 - 30)
    await joinMeeting(ann, meeting)
    expect(await statusOf(meeting)).toBe('IN_PROGRESS')
    expect(await saidIn(domain, room)).toEqual(['MEETING_STARTED', 'MEETING_STARTED'])
  })
})

describe('a reminder', () => {
  it('reaches each who is invited ten minutes before, once, though both nodes look at once', async () => {
    const meeting = await schedule(ann, room)
    await pass(domain, meeting, 49)
    expect(await remindersOf(ben)).toBe(0)
    await moveBack(domain, meeting, 1)
    const nodes = [aNode(), aNode(), domain.services.meetings]
    await Promise.all(nodes.map((node) => node.tick()))
    for (const person of [ann, ben]) expect(await remindersOf(person)).toBe(1)
    await pass(domain, meeting, 5)
    expect(await remindersOf(ben)).toBe(1)
    const [event] = (await domain.services.log.after(ben.id, 0, 100)).filter(({ type }) => type === 'MeetingReminder')
    expect(event!.data).toEqual({ meetingId: meeting.id, startsAt: (await rowOf(domain, meeting)).startsAt.getTime() + 5 * 60_000 })
  })

  it('comes from another node when the one that claimed it is gone', async () => {
    const meeting = await schedule(ann, room)
    await moveBack(domain, meeting, 51)
    const gone = createMeetings(domain.database, () => new Promise(() => {}), {
      ...domain.services.meetings.terms,
      meetingTickMs: 2 ** 31 - 1,
      base: () => '',
      onTrouble: () => {},
    })
    void gone.tick()
    await expect.poll(async () => (await rowOf(domain, meeting)).dueAt!.getTime()).toBeGreaterThan(Date.now())
    await aNode().tick()
    expect(await remindersOf(ben)).toBe(0)
    // Its claim lapses.
    await domain.database.sql('update meeting set due_at = now() where id = $1 returning 1', [meeting.id])
    await aNode().tick()
    expect(await remindersOf(ben)).toBe(1)
  })

  it('is for those who have not declined, also for who is invited from outside the room', async () => {
    const cid = await domain.aPerson('Cid')
    const meeting = await schedule(ann, room, { attendeeIds: [ben.globalId, cid.globalId] })
    await act(ben, 'respondToMeeting', { meetingId: meeting.globalId, rsvp: 'DECLINED' })
    await pass(domain, meeting, 50)
    for (const [person, count] of [
      [ann, 1],
      [ben, 0],
      [cid, 1],
    ] as const)
      expect(await remindersOf(person)).toBe(count)
  })

  it('comes of each occurrence', async () => {
    const meeting = await schedule(ann, room, { recurrence: 'FREQ=DAILY;COUNT=3' })
    await pass(domain, meeting, 50)
    await pass(domain, meeting, 24 * 60)
    await pass(domain, meeting, 24 * 60)
    expect(await remindersOf(ben)).toBe(3)
  })

  it('comes anew of an occurrence that was put off', async () => {
    const meeting = await schedule(ann, room)
    await pass(domain, meeting, 50)
    expect(await remindersOf(ben)).toBe(1)
    await act(ann, 'updateMeeting', { meetingId: meeting.globalId, startsAt: soon(120), endsAt: soon(150) })
    await pass(domain, meeting, 100)
    expect(await remindersOf(ben)).toBe(1)
    await pass(domain, meeting, 10)
    expect(await remindersOf(ben)).toBe(2)
  })

  it('comes at once of what is put nearer than ten minutes, unless it was planned so', async () => {
    const near = await schedule(ann, room, { startsAt: soon(5), endsAt: soon(30) })
    await pass(domain, near, 1)
    expect(await remindersOf(ben)).toBe(0)
    const meeting = await schedule(ann, room)
    await act(ann, 'updateMeeting', { meetingId: meeting.globalId, startsAt: soon(5) })
    expect([await remindersOf(ann), await remindersOf(ben)]).toEqual([1, 1])
    await pass(domain, meeting, 1)
    expect(await remindersOf(ben)).toBe(1)
  })

  it('is not sent where nobody meets any more: in an archived room', async () => {
    const meeting = await schedule(ann, room)
    await act(ann, 'archiveRoom', { roomId: room.globalId })
    await pass(domain, meeting, 51)
    expect(await remindersOf(ben)).toBe(0)
  })

  it('is not sent to who does not see the meeting any more', async () => {
    const meeting = await schedule(ann, room)
    await act(ann, 'removeRoomMember', { roomId: room.globalId, userId: ben.globalId })
    await pass(domain, meeting, 51)
    expect([await remindersOf(ann), await remindersOf(ben)]).toEqual([1, 0])
  })

  it('reaches people of the team who are invited to a public channel', async () => {
    const team = await aTeam(ann, ben)
    const channel = await aChannel(team, ann)
    const meeting = await schedule(ann, channel, { attendeeIds: [ben.globalId] })
    await pass(domain, meeting, 51)
    expect(await remindersOf(ben)).toBe(1)
  })
})

describe('a node', () => {
  it('does by itself what is due', async () => {
    const meeting = await schedule(ann, room)
    await moveBack(domain, meeting, 100)
    const node = aNode({ meetingTickMs: 20 })
    await expect.poll(() => statusOf(meeting)).toBe('COMPLETED')
    await node.close()
  })

  it('sees to more than one claim brings', async () => {
    const meeting = await schedule(ann, room)
    await moveBack(domain, meeting, 100)
    const row = await rowOf(domain, meeting)
    const data = Array.from({ length: dueAtOnce }, () => ({ ...row, id: uuid() }))
    await domain.database.prisma.meeting.createMany({ data })
    await domain.services.meetings.tick()
    const open = await domain.database.prisma.meeting.count({ where: { roomId: room.id, status: { not: 'COMPLETED' } } })
    expect(open).toBe(0)
  }, 30_000)

  it('sees to the meetings that it can, when there is one that it cannot, and tries that again', async () => {
    const trouble: unknown[] = []
    const node = aNode({ onTrouble: (error) => trouble.push(error) })
    const [broken, other] = [await schedule(ann, room), await schedule(ann, await aGroup(ann, ben))]
    await moveBack(domain, broken, 101)
    await moveBack(domain, other, 100)
    // It finds no such zone.
    const setZone = (zone: string) =>
      domain.database.prisma.meeting.update({
        where: { id: broken.id },
        data: { timeZone: zone, recurrence: zone === 'UTC' ? null : 'FREQ=DAILY;COUNT=2' },
      })
    await setZone('Nowhere/Land')
    await node.tick()
    expect((await rowOf(domain, other)).status).toBe('COMPLETED')
    expect(trouble).toHaveLength(1)
    expect((await rowOf(domain, broken)).dueAt!.getTime()).toBeGreaterThan(Date.now())
    await setZone('UTC')
    await domain.database.sql('update meeting set due_at = now() where id = $1 returning 1', [broken.id])
    await node.tick()
    expect((await rowOf(domain, broken)).status).toBe('COMPLETED')
  })

  it('that closes waits for what is under way, and begins nothing more', async () => {
    const [first, second] = [await schedule(ann, room), await schedule(ann, room)]
    await moveBack(domain, first, 101)
    await moveBack(domain, second, 100)
    const [claimed, release] = [aSign(), aSign()]
    const sql: Database['sql'] = async (...statement) => {
      const rows = await domain.database.sql(...statement)
      claimed.resolve()
      await release.promise
      return rows as never
    }
    const node = aNode({ meetingTickMs: 10, database: { ...domain.database, sql } })
    await claimed.promise
    let isClosed = false
    const closing = node.close().then(() => {
      isClosed = true
    })
    await domain.database.sql('select 1')
    expect(isClosed).toBe(false)
    release.resolve()
    await closing
    for (const meeting of [first, second]) expect((await rowOf(domain, meeting)).status).toBe('SCHEDULED')
    await domain.database.sql('update meeting set due_at = now() where id = any($1::uuid[]) returning 1', [[first.id, second.id]])
    await domain.services.meetings.tick()
  })
})

/** Something that is waited for until it is given. */
function aSign() {
  let resolve = () => {}
  const promise = new Promise<void>((given) => {
    resolve = given
  })
  return { promise, resolve: () => resolve() }
}
