import { beforeAll, describe, expect, it } from 'vitest'
import { progressOf } from '../../../src/features/meetings/course.ts'
import { trying } from '../../support/acting.ts'
import { codeOf } from '../../support/codes.ts'
import type { APerson, Domain } from '../../support/domain.ts'
import { type ARoom, aGroup } from '../../support/rooms.ts'
import { aQuietDomain } from '../calls/support.ts'
import { randomOf } from '../recurrence/random-series.ts'
import { type AMeeting, minute, moveBack, rowOf, schedule, soon } from './support.ts'

let domain: Domain
beforeAll(async () => {
  domain = await aQuietDomain()
})

const refused = [undefined, 'FORBIDDEN', 'NOT_FOUND', 'CONFLICT', 'BAD_USER_INPUT']
const day = 24 * 60 * minute

/** A meeting, by how much its times were moved back since, and so how they were first. */
interface Planned extends AMeeting {
  shiftedBy: number
}

/** All that is shown of one, in times as they were first. */
async function viewOf(person: APerson, { globalId, shiftedBy }: Planned, base: number): Promise<string> {
  const document = `query ($id: ID!, $from: DateTime!, $to: DateTime!) { meeting(id: $id) { title description status startsAt endsAt recurrence
    room { id } activeCall { id state participants { id state } } viewerAttendance { rsvp } attendeeCount attendees { nodes { rsvp user { id } } }
    occurrences(from: $from, to: $to) { originalStart startsAt endsAt status } } }`
  const shown = (time: number) => new Date(time - shiftedBy).toISOString()
  const { data, errors } = await person.run(document, { id: globalId, from: shown(base - day), to: shown(base + 20 * day) })
  if (errors) throw errors[0]
  return JSON.stringify(data, (name, value) =>
    /(?:At|Start)$/.test(name) && value ? new Date(Date.parse(value) + shiftedBy).toISOString() : value,
  )
}

describe('whatever happens to meetings, in whatever order', () => {
  it.each([2, 3, 4])(
    'whoever sees one hears of each change, and nothing of it is left behind: seed %i',
    async (seed) => {
      const random = randomOf(seed)
      const { pick, chance, between } = random
      const base = Date.now()
      const people = [await domain.aPerson('Ann'), await domain.aPerson('Ben'), await domain.aPerson('Cid')] as const
      const [ann, ben, cid] = people
      const room = await aGroup(ann, ben)
      const meetings: Planned[] = []
      const plan = async () => {
        const more = pick([{}, { recurrence: 'FREQ=DAILY' }, { recurrence: 'FREQ=DAILY;COUNT=4' }])
        meetings.push({ ...(await schedule(ann, room, { ...more, attendeeIds: [ben.globalId, cid.globalId] })), shiftedBy: 0 })
      }
      await plan()

      const some = () => meetings.at(-1)!
      const attempt = async (person: APerson, mutation: string, input: object) =>
        expect(refused).toContain(codeOf(await trying(person, mutation, input)))
      const change = (input: object, person: APerson = pick([ann, ben])) =>
        attempt(person, 'updateMeeting', { meetingId: some().globalId, ...input })
      const occurrence = async () => new Date((await rowOf(domain, some())).startsAt.getTime() + between(0, 5) * day)
      const member = (mutation: string, userId: string, person = ann) => attempt(person, mutation, { roomId: room.globalId, userId })
      const things: readonly (() => Promise<unknown>)[] = [
        () => change({ title: `Plans ${between(1, 3)}` }),
        () => change({ startsAt: soon(between(-30, 90)), endsAt: soon(between(60, 150)) }),
        () => change({ endsAt: soon(between(1, 300)) }),
        () => change({ recurrence: pick([null, 'FREQ=DAILY', 'FREQ=DAILY;COUNT=3']) }),
        () => change({ attendeeIds: people.filter(() => chance(0.6)).map(({ globalId }) => globalId) }),
        async () => {
          const at = await occurrence()
          const startsAt = new Date(at.getTime() + between(-20, 60) * 60 * minute)
          await change({
            occurrence: at.toISOString(),
            startsAt: startsAt.toISOString(),
            endsAt: new Date(startsAt.getTime() + 30 * minute).toISOString(),
          })
        },
        async () => attempt(ann, 'cancelMeeting', { meetingId: some().globalId, occurrence: (await occurrence()).toISOString() }),
        () =>
          chance(0.2) || meetings.length > 5
            ? attempt(ann, 'cancelMeeting', { meetingId: some().globalId })
            : plan().catch((error) => expect(codeOf({ errors: [error] })).toBe('FORBIDDEN')),
        () => attempt(pick(people), 'respondToMeeting', { meetingId: some().globalId, rsvp: pick(['ACCEPTED', 'DECLINED', 'TENTATIVE']) }),
        () => attempt(pick(people), 'joinMeeting', { meetingId: some().globalId, deviceId: 'phone' }),
        () => attempt(pick(people), 'joinMeeting', { meetingId: some().globalId, deviceId: 'phone' }),
        leaveOne,
        leaveOne,
        () => member('removeRoomMember', pick([ben, cid]).globalId),
        () => member('removeRoomMember', cid.globalId, cid),
        () => member('addRoomMember', pick([ben, cid]).globalId),
        () => attempt(ann, 'setRoomRole', { roomId: room.globalId, userId: ben.globalId, role: pick(['ADMIN', 'MEMBER']) }),
        () => attempt(ann, chance(0.3) ? 'archiveRoom' : 'unarchiveRoom', { roomId: room.globalId }),
        ...[10, 60, 60, 300, 24 * 60].map((most) => () => timePasses(between(1, most))),
      ]

      for (let step = 0; step < 60; step++) {
        const heads = await headsOf(room, people)
        const [known, before] = [[...meetings], await views()]
        const thing = pick(things)
        await thing()
        await tick()
        const after = await views(known)
        const [inRoom, ...inboxes] = await heardSince(room, people, heads)
        for (const [index, inbox] of inboxes.entries())
          for (const [which, view] of before[index]!.entries())
            if (view !== after[index]![which])
              expect({
                step,
                thing: String(thing),
                who: index,
                heard: hearsOf(inRoom!, inbox!, [view, after[index]![which]!]),
              }).toMatchObject({ heard: true })
        for (const meeting of meetings) await expectNothingLeftBehind(meeting)
        await expectFound(ann, room, meetings, new Date(Date.now() + between(-24, 240) * 60 * minute))
      }

      async function views(of = meetings): Promise<string[][]> {
        return Promise.all(people.map((person) => Promise.all(of.map((meeting) => viewOf(person, meeting, base)))))
      }
      async function leaveOne() {
        const places = await domain.database.prisma.callParticipant.findMany({ where: { state: 'JOINED', call: { roomId: room.id } } })
        if (places.length === 0) return
        const { id, userId } = pick(places)
        await attempt(people.find((person) => person.id === userId)!, 'leaveCall', {
          participantId: Buffer.from(`CallParticipant:${id}`).toString('base64url'),
        })
      }
      async function timePasses(minutes: number) {
        for (const meeting of meetings) {
          await moveBack(domain, meeting, minutes)
          meeting.shiftedBy += minutes * minute
        }
      }
    },
    120_000,
  )
})

async function tick() {
  await domain.services.calls.tick()
  await domain.services.meetings.tick()
}

async function headsOf(room: ARoom, people: readonly APerson[]): Promise<number[]> {
  const ids = [room.id, ...people.map(({ id }) => id)]
  const rows = await domain.database.prisma.stream.findMany({ where: { id: { in: ids } } })
  return ids.map((id) => rows.find((row) => row.id === id)!.head)
}

function heardSince(room: ARoom, people: readonly APerson[], heads: readonly number[]): Promise<string[][]> {
  const ids = [room.id, ...people.map(({ id }) => id)]
  return Promise.all(ids.map(async (id, index) => (await domain.services.log.after(id, heads[index]!, 1000)).map(({ type }) => type)))
}

/** Whoever was in the room or is now follows its stream; all others have their inbox. */
function hearsOf(inRoom: readonly string[], inbox: readonly string[], views: readonly string[]): boolean {
  if (inbox.some((type) => ['MeetingInvited', 'MeetingChanged', 'RoomAdded', 'RoomRemoved'].includes(type))) return true
  return views.some((view) => !/"meeting":null|"room":null/.test(view)) && inRoom.some((type) => /^(?:Meeting|Call)/.test(type))
}

/** It stands where it should stand now, and what the time has yet to bring is due. */
async function expectNothingLeftBehind(meeting: AMeeting): Promise<void> {
  const row = await rowOf(domain, meeting)
  const exceptions = await domain.database.prisma.meetingException.findMany({ where: { meetingId: meeting.id } })
  const places = await domain.database.prisma.callParticipant.count({
    where: { state: 'JOINED', call: { meetingId: meeting.id, state: { not: 'ENDED' } } },
  })
  const { course, dueAt } = progressOf(row, exceptions, row, { now: new Date(), isAttended: places > 0, reminderMs: 10 * minute })
  expect({ ...row, ...course, dueAt }).toEqual(row)
  if (row.status === 'COMPLETED' || row.status === 'CANCELLED') expect(places).toBe(0)
  else if (places === 0) expect(row.dueAt).not.toBeNull()
}

/** What is planned in a room is what is planned of each of its meetings. */
async function expectFound(person: APerson, room: ARoom, meetings: readonly AMeeting[], from: Date): Promise<void> {
  const parts = '(from: $from, to: $to) { id startsAt }'
  const each = meetings.map(({ globalId }, index) => `of${index}: meeting(id: "${globalId}") { occurrences${parts} }`)
  const document = `query ($id: ID!, $from: DateTime!, $to: DateTime!) { room(id: $id) { meetings${parts} } ${each.join(' ')} }`
  const variables = { id: room.globalId, from: from.toISOString(), to: new Date(from.getTime() + day).toISOString() }
  // biome-ignore lint/suspicious/noExplicitAny: as it is asked for.
  const { data, errors } = await person.run<any>(document, variables)
  if (errors) throw errors[0]
  const { room: planned, ...found } = data
  const idsOf = (occurrences: { id: string }[]) => occurrences.map(({ id }) => id).sort()
  // biome-ignore lint/suspicious/noExplicitAny: as it is asked for.
  expect(idsOf(planned.meetings)).toEqual(idsOf(Object.values<any>(found).flatMap(({ occurrences }) => occurrences)))
}
