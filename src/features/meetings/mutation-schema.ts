import { builder } from '../../graphql/builder.ts'
import type { Context } from '../../graphql/context.ts'
import { rowId } from '../../graphql/ids.ts'
import { notFound } from '../../lib/refusal.ts'
import { requireRoom, requireRoomId } from '../rooms/access.ts'
import { Room } from '../rooms/schema.ts'
import { seeAttendee, seeMeeting } from './access.ts'
import { cancelMeeting } from './cancelling.ts'
import { respondToMeeting } from './responding.ts'
import { scheduleMeeting } from './scheduling.ts'
import { Meeting, MeetingAttendee, Rsvp } from './schema.ts'
import { updateMeeting } from './updating.ts'

/** Payloads only say which: what is asked of it is read after the write, once. */
interface OfMeeting {
  readonly meetingId: string
}

const person = ({ actor }: Context) => actor.id('who writes')

async function requireMeetingShown(context: Context, meetingId: string) {
  const meeting = await seeMeeting(context, meetingId)
  if (!meeting) throw notFound('meeting')
  return meeting
}

const userIdsOf = (texts: readonly string[] | null | undefined) => texts?.map((text) => rowId(text, 'User', 'attendeeIds'))

const ScheduleMeetingInput = builder.inputType('ScheduleMeetingInput', {
  description: 'What to meet for, where and when, and who comes.',
  fields: (t) => ({
    roomId: t.id({ required: true, description: 'The id of a room.' }),
    title: t.string({ required: true, description: 'What it is called: at most 120 characters.' }),
    description: t.string({ description: 'What it is about: at most 4000 characters.' }),
    startsAt: t.field({ type: 'DateTime', required: true, description: 'When it begins; of a series, when the first one does.' }),
    endsAt: t.field({
      type: 'DateTime',
      required: true,
      description: 'When it ends, at most 7 days later; of a series, when the first one does. Not in the past, unless it recurs.',
    }),
    timeZone: t.string({ required: true, description: 'An IANA name, such as Europe/Berlin: by its clocks it recurs.' }),
    recurrence: t.string({
      description:
        'How it recurs: a rule of RFC 5545, such as FREQ=WEEKLY;BYDAY=MO,WE;COUNT=10, that picks the day on which it begins. Absent: it happens once.',
    }),
    attendeeIds: t.idList({
      description:
        'Who is asked to come: at most 500 people who see the room; whoever may manage its members can name others too, who become members by joining. Absent: everybody in the room, or in one of more than 100 nobody. The viewer comes in any case.',
    }),
    nonce: t.string({
      description:
        'A name of your own for this write, at most 64 characters. Repeated with the same content it gives the first meeting; with other content it is a CONFLICT.',
    }),
  }),
})

const ScheduleMeetingPayload = builder.objectRef<OfMeeting & { readonly roomId: string }>('ScheduleMeetingPayload').implement({
  description: 'A meeting that is planned.',
  fields: (t) => ({
    meeting: t.field({
      type: Meeting,
      description: 'The meeting.',
      resolve: ({ meetingId }, _args, context) => requireMeetingShown(context, meetingId),
    }),
    room: t.field({ type: Room, description: 'Its room.', resolve: ({ roomId }, _args, context) => requireRoom(context, roomId) }),
  }),
})

/** Of a mutation about one meeting. */
function defineMeetingPayload(name: string, description: string) {
  return builder.objectRef<OfMeeting>(name).implement({
    description,
    fields: (t) => ({
      meeting: t.field({
        type: Meeting,
        description: 'The meeting.',
        resolve: ({ meetingId }, _args, context) => requireMeetingShown(context, meetingId),
      }),
    }),
  })
}

const UpdateMeetingPayload = defineMeetingPayload('UpdateMeetingPayload', 'A meeting as it is now.')
const CancelMeetingPayload = defineMeetingPayload('CancelMeetingPayload', 'A meeting that does not take place, or one occurrence less.')

const RespondToMeetingPayload = builder.objectRef<OfMeeting & { readonly attendeeId: string }>('RespondToMeetingPayload').implement({
  description: 'What the viewer has answered.',
  fields: (t) => ({
    meeting: t.field({
      type: Meeting,
      description: 'The meeting.',
      resolve: ({ meetingId }, _args, context) => requireMeetingShown(context, meetingId),
    }),
    attendee: t.field({
      type: MeetingAttendee,
      description: 'The viewer among its attendees.',
      async resolve({ attendeeId }, _args, context) {
        const attendee = await seeAttendee(context, attendeeId)
        if (!attendee) throw notFound('meeting attendee')
        return attendee
      },
    }),
  }),
})

const occurrenceDescription = 'the `originalStart` of an occurrence'

const UpdateMeetingInput = builder.inputType('UpdateMeetingInput', {
  description: 'What changes. What is absent stays as it is.',
  fields: (t) => ({
    meetingId: t.id({ required: true, description: 'The id of a meeting.' }),
    occurrence: t.field({
      type: 'DateTime',
      description: `To move one of a series: ${occurrenceDescription} that is still to come. Then only startsAt and endsAt can be given, and it stays between those beside it. Absent: all of it.`,
    }),
    title: t.string({ description: 'What it is called: at most 120 characters.' }),
    description: t.string({ description: 'What it is about: at most 4000 characters. Null takes it away.' }),
    startsAt: t.field({
      type: 'DateTime',
      description:
        'When it begins; of a series, when the first one does. To move it give `endsAt` too: alone it changes how long it lasts.',
    }),
    endsAt: t.field({ type: 'DateTime', description: 'When it ends; of a series, when the first one does.' }),
    timeZone: t.string({ description: 'An IANA name, such as Europe/Berlin.' }),
    recurrence: t.string({
      description:
        'How it recurs, as in `scheduleMeeting`. Null: it happens once. With another start, zone or recurrence, what was moved or cancelled one by one is as the recurrence has it again.',
    }),
    attendeeIds: t.idList({
      description:
        'Who is to come instead of all who are to come so far, as in `scheduleMeeting`. Whoever scheduled it stays, and whoever stays keeps their answer.',
    }),
  }),
})
const CancelMeetingInput = builder.inputType('CancelMeetingInput', {
  description: 'What does not take place.',
  fields: (t) => ({
    meetingId: t.id({ required: true, description: 'The id of a meeting.' }),
    occurrence: t.field({
      type: 'DateTime',
      description: `To cancel one of a series: ${occurrenceDescription} that is still to come. Absent: all that is still to come.`,
    }),
  }),
})
const RespondToMeetingInput = builder.inputType('RespondToMeetingInput', {
  description: 'Whether the viewer comes.',
  fields: (t) => ({
    meetingId: t.id({ required: true, description: 'The id of a meeting.' }),
    rsvp: t.field({ type: Rsvp, required: true, description: 'The answer. PENDING is none.' }),
  }),
})

builder.mutationFields((t) => ({
  scheduleMeeting: t.field({
    type: ScheduleMeetingPayload,
    description: 'Plans a meeting in a room, once or again and again. Whoever does so in a public channel becomes a member of it.',
    args: { input: t.arg({ type: ScheduleMeetingInput, required: true, description: 'What, where, when, and with whom.' }) },
    async resolve(_root, { input }, context) {
      const viewer = person(context)
      const roomId = await requireRoomId(context, input.roomId, 'roomId')
      const meetingId = await scheduleMeeting(context.services, viewer, { ...input, roomId, attendeeIds: userIdsOf(input.attendeeIds) })
      context.loaders.forget()
      return { meetingId, roomId }
    },
  }),
  updateMeeting: t.field({
    type: UpdateMeetingPayload,
    description:
      'Changes a meeting, or moves one occurrence of it: by whoever scheduled it, and by those who run the room. A meeting that is over stays as it was.',
    args: { input: t.arg({ type: UpdateMeetingInput, required: true, description: 'Which meeting, and what changes.' }) },
    async resolve(_root, { input }, context) {
      const viewer = person(context)
      const meetingId = rowId(input.meetingId, 'Meeting', 'meetingId')
      const attendeeIds = input.attendeeIds === null ? null : userIdsOf(input.attendeeIds)
      await updateMeeting(context.services, viewer, { ...input, meetingId, attendeeIds })
      context.loaders.forget()
      return { meetingId }
    },
  }),
  cancelMeeting: t.field({
    type: CancelMeetingPayload,
    description: 'Takes a meeting back, or one occurrence of it: by whoever scheduled it, and by those who run the room. Its call ends.',
    args: { input: t.arg({ type: CancelMeetingInput, required: true, description: 'Which meeting, and which occurrence of it.' }) },
    async resolve(_root, { input }, context) {
      const viewer = person(context)
      const meetingId = rowId(input.meetingId, 'Meeting', 'meetingId')
      await cancelMeeting(context.services, viewer, { ...input, meetingId })
      context.loaders.forget()
      return { meetingId }
    },
  }),
  respondToMeeting: t.field({
    type: RespondToMeetingPayload,
    description: 'Says whether the viewer comes, of a series to all of it. Whoever sees a meeting may, also who was not asked.',
    args: { input: t.arg({ type: RespondToMeetingInput, required: true, description: 'Which meeting, and the answer.' }) },
    async resolve(_root, { input }, context) {
      const viewer = person(context)
      const meetingId = rowId(input.meetingId, 'Meeting', 'meetingId')
      const attendeeId = await respondToMeeting(context.services, viewer, { ...input, meetingId })
      context.loaders.forget()
      return { meetingId, attendeeId }
    },
  }),
}))
