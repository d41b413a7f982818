import { builder } from '../../graphql/builder.ts'
import { takeCharacters } from '../../graphql/context.ts'
import { decodeId } from '../../graphql/ids.ts'
import { registerNode } from '../../graphql/node.ts'
import { userById } from '../accounts/queries.ts'
import { User } from '../accounts/schema.ts'
import { Call } from '../calls/schema.ts'
import { canSeeRoom } from '../rooms/access.ts'
import { roomById } from '../rooms/queries.ts'
import { Room } from '../rooms/schema.ts'
import { maySeeMeeting, seeAttendee, seeMeeting } from './access.ts'
import { attendanceOf, attendeeCountOf, callOfMeeting, meetingById } from './queries.ts'

export const MeetingStatus = builder.enumType('MeetingStatus', {
  description: 'Where a meeting stands, or one occurrence of it. The server moves it: with the time, and by who comes and goes.',
  values: {
    SCHEDULED: { description: 'It is to come; or it could have begun, and nobody is there yet.' },
    IN_PROGRESS: { description: 'It has begun: somebody is there.' },
    COMPLETED: { description: 'Its end has passed, and nobody is there any more. Of a series: the last one of it is over.' },
    CANCELLED: { description: 'It was cancelled.' },
  } as const,
})

export const Rsvp = builder.enumType('Rsvp', {
  description: 'What somebody who is asked to come has answered.',
  values: {
    PENDING: { description: 'Nothing yet.' },
    ACCEPTED: { description: 'They come.' },
    TENTATIVE: { description: 'They may come.' },
    DECLINED: { description: 'They do not come, and are not reminded.' },
  } as const,
})

export const MeetingAttendee = builder.prismaNode('MeetingAttendee', {
  description: 'Somebody who is asked to come to a meeting, or has answered without being asked.',
  id: { field: 'id', description: 'The id of this attendee: of this person, in this meeting.' },
  authScopes: async ({ meetingId }, context) => (await seeMeeting(context, meetingId)) !== null,
  fields: (t) => ({
    user: t.field({
      type: User,
      description: 'Who it is.',
      resolve: async ({ userId }, _args, { loaders }) => (await loaders.load(userById, userId))!,
    }),
    rsvp: t.expose('rsvp', { type: Rsvp, description: 'What they have answered. Of a series, for all of it.' }),
  }),
})

registerNode('MeetingAttendee', (id, context) => seeAttendee(context, id))

export const Meeting = builder.prismaNode('Meeting', {
  description:
    'People who meet in a room at a time, once or again and again. It is seen by whoever sees the room, and by those who are invited to it and not in the room.',
  id: { field: 'id', description: 'The id of this meeting.' },
  authScopes: (meeting, context) => maySeeMeeting(context, meeting),
  fields: (t) => ({
    room: t.field({
      type: Room,
      nullable: true,
      description: 'Where it takes place. Null for those who are invited and not in it: they become members by joining the meeting.',
      resolve: async ({ roomId }, _args, context) => ((await canSeeRoom(context, roomId)) ? context.loaders.load(roomById, roomId) : null),
    }),
    title: t.exposeString('title', { description: 'What it is called.' }),
    description: t.string({
      nullable: true,
      description: 'What it is about, if anybody said so.',
      resolve: ({ description }, _args, context) => description && takeCharacters(context, description),
    }),
    startsAt: t.expose('startsAt', {
      type: 'DateTime',
      description: 'When it begins; of a series, the first one as the recurrence has it.',
    }),
    endsAt: t.expose('endsAt', { type: 'DateTime', description: 'When it ends; of a series, the first one as the recurrence has it.' }),
    timeZone: t.exposeString('timeZone', {
      description: 'An IANA name, such as Europe/Berlin: what recurs keeps its time by the clocks there, also when they are changed.',
    }),
    recurrence: t.exposeString('recurrence', {
      nullable: true,
      description: 'How it recurs: a rule of RFC 5545, such as FREQ=WEEKLY;BYDAY=MO,WE;COUNT=10. Null: it happens once.',
    }),
    status: t.expose('status', {
      type: MeetingStatus,
      description: 'Where it stands. Of a series: where the occurrence stands that runs or comes next; COMPLETED after the last.',
    }),
    createdBy: t.field({
      type: User,
      description: 'Who scheduled it.',
      resolve: async ({ createdById }, _args, { loaders }) => (await loaders.load(userById, createdById))!,
    }),
    link: t.field({
      type: 'URL',
      description: 'Its address, to be handed on. Whoever opens it sees the meeting only if they may.',
      resolve: ({ id }, _args, { services }) => services.meetings.linkTo(id),
    }),
    attendeeCount: t.int({
      description: 'How many people are asked to come, or have answered.',
      resolve: async ({ id }, _args, { loaders }) => (await loaders.load(attendeeCountOf, id)) ?? 0,
    }),
    viewerAttendance: t.field({
      type: MeetingAttendee,
      nullable: true,
      description: "The viewer's own place among the attendees; null for who is none.",
      resolve: ({ id }, _args, { actor, loaders }) =>
        loaders.load(attendanceOf, { meetingId: id, userId: actor.id('Meeting.viewerAttendance') }),
    }),
    activeCall: t.field({
      type: Call,
      nullable: true,
      description: 'The call in which it takes place now: join it by `joinMeeting`. Null for those who do not see the room.',
      resolve: async ({ id, roomId }, _args, context) =>
        (await canSeeRoom(context, roomId)) ? context.loaders.load(callOfMeeting, id) : null,
    }),
  }),
})

registerNode('Meeting', (id, context) => seeMeeting(context, id))

builder.objectField(Call, 'meeting', (t) =>
  t.field({
    type: Meeting,
    nullable: true,
    description: 'The meeting that takes place in it. Null for a call that somebody simply began.',
    resolve: ({ meetingId }, _args, { loaders }) => (meetingId === null ? null : loaders.load(meetingById, meetingId)),
  }),
)

builder.queryField('meeting', (t) =>
  t.field({
    type: Meeting,
    nullable: true,
    description: 'A meeting by its id; null for what is not there or not to be seen.',
    args: { id: t.arg.id({ required: true, description: 'The id of a meeting.' }) },
    resolve(_root, { id: text }, context) {
      const { typename, id } = decodeId(text)
      context.actor.id('to see a meeting')
      return typename === 'Meeting' ? seeMeeting(context, id) : null
    },
  }),
)
