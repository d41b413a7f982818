import { beforeAll, expect, it } from 'vitest'
import { type Actor, Audience } from '../../../src/graphql/actor.ts'
import { aDomain, type Domain } from '../../support/domain.ts'
import { aGroup } from '../../support/rooms.ts'
import { showEvent } from '../../support/show-event.ts'
import { schedule } from '../meetings/support.ts'

let domain: Domain
beforeAll(async () => {
  domain = await aDomain()
})

it('a link to a calendar is one’s own, also where an event is shown to everybody', async () => {
  const ann = await domain.aPerson('Ann')
  const ben = await domain.aPerson('Ben')
  const room = await aGroup(ann, ben)
  const { id } = await schedule(ann, room)
  const event = (await domain.services.log.after(room.id, 0, 1000)).find(({ type }) => type === 'MeetingScheduled')!
  const document = 'subscription ($id: ID!) { roomEvents(roomId: $id) { ... on MeetingScheduled { meeting { icsUrl } } } }'
  const show = (actor: Actor) =>
    showEvent<{ roomEvents: { meeting: { icsUrl: string } } }>(domain, actor, document, event, { id: room.globalId })
  const linkOf = async (actor: Actor) => {
    const { icsUrl } = (await show(actor)).data!.roomEvents.meeting
    return domain.services.calendars.read(/\/calendars\/(.+)\.ics$/.exec(icsUrl)![1]!)
  }

  const audience = new Audience(room.id)
  await show(audience)
  expect(audience.askedFor).toBe('Meeting.icsUrl')
  expect(await linkOf(ann.actor)).toEqual({ userId: ann.id, meetingId: id, generation: 0 })
  expect(await linkOf(ben.actor)).toEqual({ userId: ben.id, meetingId: id, generation: 0 })
})
