import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { act } from '../../support/acting.ts'
import type { APerson, Domain } from '../../support/domain.ts'
import { type ARoom, aGroup } from '../../support/rooms.ts'
import { aQuietDomain } from '../calls/support.ts'
import { type AMeeting, rowOf, schedule } from './support.ts'

let domain: Domain
let ann: APerson
let room: ARoom
let meeting: AMeeting
beforeAll(async () => {
  domain = await aQuietDomain()
})
beforeEach(async () => {
  ann = await domain.aPerson('Ann')
  room = await aGroup(ann)
  meeting = await schedule(ann, room, { startsAt: nine(4), endsAt: nine(4, 30), recurrence: 'FREQ=DAILY;COUNT=3' })
})

/** On a day of March 2030, from the 4th to the 6th as planned. */
const nine = (day: number, minutes = 0) => new Date(Date.UTC(2030, 2, day, 9, minutes)).toISOString()
const cancel = (occurrence?: string) => act(ann, 'cancelMeeting', { meetingId: meeting.globalId, ...(occurrence && { occurrence }) })
const move = (occurrence: string, day: number) =>
  act(ann, 'updateMeeting', { meetingId: meeting.globalId, occurrence, startsAt: nine(day), endsAt: nine(day, 30) })

async function shownFrom(day: number, to = day + 1): Promise<string[]> {
  const document = `query ($id: ID!, $from: DateTime!, $to: DateTime!) {
    room(id: $id) { meetings(from: $from, to: $to) { startsAt status } } viewer { meetings(from: $from, to: $to) { startsAt status } } }`
  const variables = { id: room.globalId, from: nine(day, -60), to: nine(to, -60) }
  // biome-ignore lint/suspicious/noExplicitAny: as it is asked for.
  const { data, errors } = await ann.run<any>(document, variables)
  if (errors) throw errors[0]
  expect(data.viewer.meetings).toEqual(data.room.meetings)
  return data.room.meetings.map(({ startsAt, status }: { startsAt: string; status: string }) => `${startsAt.slice(8, 10)} ${status}`)
}

describe('an occurrence that is moved past those that are cancelled', () => {
  it('is found behind what would have been the last', async () => {
    await cancel(nine(6))
    await move(nine(5), 20)
    expect(await shownFrom(20)).toEqual(['20 SCHEDULED'])
    expect((await rowOf(domain, meeting)).lastEndsAt).toEqual(new Date(nine(20, 30)))
  })

  it('is found before what would have been the first', async () => {
    await cancel(nine(4))
    await move(nine(5), 1)
    expect(await shownFrom(1)).toEqual(['01 SCHEDULED'])
    expect((await rowOf(domain, meeting)).firstStartsAt).toEqual(new Date(nine(1)))
  })

  it('stays where it was shown when the rest is cancelled', async () => {
    for (const occurrence of [nine(4), nine(6)]) await cancel(occurrence)
    await move(nine(5), 20)
    await cancel()
    expect(await shownFrom(4, 25)).toEqual(['04 CANCELLED', '20 CANCELLED'])
    expect(await shownFrom(20)).toEqual(['20 CANCELLED'])
  })

  it('can be made longer there', async () => {
    await cancel(nine(6))
    await move(nine(5), 20)
    await act(ann, 'updateMeeting', { meetingId: meeting.globalId, endsAt: nine(4, 40) })
    expect(await shownFrom(20)).toEqual(['20 SCHEDULED'])
  })
})
