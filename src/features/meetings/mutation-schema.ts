import { builder } from '../../graphql/builder.ts'
import type { Context } from '../../graphql/context.ts'
import { rowId } from '../../graphql/ids.ts'
import { notFound } from '../../lib/refusal.ts'
import { requireRoom, requireRoomId } from '../rooms/access.ts'
import { Room } from '../rooms/schema.ts'
import { seeMeeting } from './access.ts'
import { scheduleMeeting } from './scheduling.ts'
import { Meeting } from './schema.ts'

/** Payloads only say which: what is asked of it is read after the write, once. */
export interface OfMeeting {
  readonly meetingId: string
}

export const person = ({ actor }: Context) => actor.id('who writes')

export async function requireMeetingShown(context: Context, meetingId: string) {
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

builder.mutationField('scheduleMeeting', (t) =>
  t.field({
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
)
