import { GraphQLObjectType } from 'graphql'
import { expect, it } from 'vitest'
import { schema } from '../../src/features/schema.ts'
import {
  accountRules,
  applyEvents,
  inboxRules,
  type Rules,
  roomRules,
  type ShownEvent,
  type State,
  teamRules,
} from '../support/apply-events.ts'
import { post } from '../support/client.ts'
import { until } from '../support/until.ts'
import { aPictureFile, takeFile } from '../support/uploads.ts'
import { anotherDevice, orThrow, type Person, password } from './person.ts'
import { inEachWorld, type World } from './world.ts'

const message = `fragment MessageParts on Message { __typename id seq content createdAt editedAt deletedAt isPinned isForwarded forwardedFrom { __typename id content } edits { content replacedAt }
  reactions { emoji count viewerReacted users(first: 5) { __typename id name } } sender { __typename id name }
  kind systemKind attachments { __typename id state filename mimeType size width height durationMs } mentions { __typename id handle name }
  replyTo { __typename id content } thread { ...ThreadParts } }
  fragment ThreadParts on Thread { __typename id replyCount lastReplyAt participants(first: 5) { __typename id name } }`
const pins = 'fragment PinParts on Room { __typename id pinnedMessages { __typename id content isPinned } }'
const markParts = '__typename id seq at user { __typename id name }'
const member = `fragment MemberParts on RoomMember { __typename id role joinedAt mutedUntil notificationLevel user { __typename id name } readMark { ${markParts} } }`
const room = `fragment RoomParts on Room { __typename id kind name topic avatarUrl archivedAt memberCount lastActivityAt lastMessage { ...MessageParts } } ${message}`
const mine = `fragment MineParts on Room { __typename id viewerPermissions viewerMembership { ...MemberParts } readMarks { ${markParts} } ...UnreadParts }
  fragment UnreadParts on Room { __typename id unreadCount unreadMentionCount firstUnreadMessage { __typename id content } }`
const channel = 'fragment ChannelParts on Channel { __typename id name topic isPrivate archivedAt createdAt }'
const team = 'fragment TeamParts on Team { __typename id called: name slug memberCount viewerRole }'
const teamMember = 'fragment TeamMemberParts on TeamMember { __typename id role joinedAt user { __typename id name } }'
const viewer = `fragment ViewerParts on Viewer { __typename id email user { __typename id name presence { __typename id text } }
  sessions { __typename id userAgent createdAt isCurrent } blockedUsers { __typename id name } }`
const call = `fragment CallParts on Call { __typename id state endReason media startedAt ringsUntil answeredAt endedAt startedBy { __typename id name } meeting { __typename id }
  participants { __typename id state deviceId audio video screen joinedAt leftAt user { __typename id name } } }`
const planned = '(from: "2030-01-01T00:00:00Z", to: "2030-03-01T00:00:00Z")'
const meeting = `fragment MeetingParts on Meeting { __typename id title description startsAt endsAt timeZone recurrence status attendeeCount
  createdBy { __typename id name } viewerAttendance { __typename id rsvp } attendees(first: 20) { nodes { __typename id rsvp user { __typename id name } } } }
  fragment OccurrenceParts on MeetingOccurrence { __typename id originalStart startsAt endsAt status meeting { ...MeetingParts activeCall { ...CallParts } } }
`
const plannedMeeting = `${meeting} fragment PlannedParts on Meeting { ...MeetingParts occurrences${planned} { ...OccurrenceParts } }`
const stateDocument = `query ($roomId: ID!, $teamId: ID!) {
  viewer { ...ViewerParts inboxCursor ringingCalls { ...CallParts } meetings${planned} { ...OccurrenceParts } rooms(first: 20) { edges { node { ...RoomParts } } } teams(first: 20) { edges { node { ...TeamParts } } } }
  room(id: $roomId) { ...RoomParts ...PinParts ...MineParts cursor activeCall { ...CallParts } meetings${planned} { ...OccurrenceParts } ... on Channel { isPrivate team { __typename id } }
    members(first: 100) { nodes { ...MemberParts } } messages(last: 50) { edges { cursor node { ...MessageParts } } } }
  team(id: $teamId) { ...TeamParts cursor members(first: 100) { nodes { ...TeamMemberParts } } channels(first: 100) { nodes { ...ChannelParts } } } }
  ${viewer} ${room} ${pins} ${mine} ${member} ${team} ${teamMember} ${channel} ${call} ${meeting}`
const roomDocument = `subscription ($roomId: ID!, $after: Cursor!) { roomEvents(roomId: $roomId, after: $after) {
  __typename cursor at roomId
  ... on MemberJoined { member { ...MemberParts } room { ...RoomParts } now: room { ...MineParts } }
  ... on MemberLeft { memberId room { ...RoomParts } now: room { ...MineParts } }
  ... on MemberUpdated { member { ...MemberParts room { __typename id viewerPermissions } } }
  ... on RoomUpdated { room { ...RoomParts } }
  ... on CallStarted { call { ...CallParts } }
  ... on CallUpdated { call { ...CallParts } participant { __typename id state audio video screen } }
  ... on CallEnded { call { ...CallParts } }
  ... on MeetingScheduled { meeting { ...PlannedParts } }
  ... on MeetingUpdated { meeting { ...PlannedParts } }
  ... on MeetingCancelled { meeting { ...PlannedParts } }
  ... on RoomArchived { room { ...RoomParts } now: room { ...MineParts } }
  ... on RoomUnarchived { room { ...RoomParts } now: room { ...MineParts } }
  ... on MessageEdited { message { ...MessageParts room { ...UnreadParts } } }
  ... on MessageDeleted { message { ...MessageParts room { ...UnreadParts } } }
  ... on ReadMarksMoved { readMarks { ${markParts} } }
  ... on MessagePinned { message { ...MessageParts } room { ...RoomParts ...PinParts } }
  ... on MessageUnpinned { message { ...MessageParts } room { ...RoomParts ...PinParts } }
  ... on ReactionAdded { emoji message { ...MessageParts } }
  ... on ReactionRemoved { emoji message { ...MessageParts } }
  ... on MessageAdded { message { ...MessageParts } reply: message { thread { root { __typename id thread { ...ThreadParts } } } } edge { cursor node { ...MessageParts } } room { ...RoomParts } unread: room { ...UnreadParts } } } }
  ${room} ${pins} ${mine} ${member} ${call} ${plannedMeeting}`
const teamDocument = `subscription ($teamId: ID!, $after: Cursor!) { teamEvents(teamId: $teamId, after: $after) {
  __typename cursor teamId
  ... on TeamUpdated { team { ...TeamParts } }
  ... on TeamMemberJoined { member { ...TeamMemberParts } team { ...TeamParts } }
  ... on TeamMemberLeft { memberId team { ...TeamParts } }
  ... on TeamMemberUpdated { member { ...TeamMemberParts team { ...TeamParts channels(first: 100) { nodes { ...MineParts } } } } }
  ... on ChannelAdded { channel { ...ChannelParts } }
  ... on ChannelUpdated { channel { ...ChannelParts } }
  ... on ChannelArchived { channel { ...ChannelParts } }
  ... on ChannelUnarchived { channel { ...ChannelParts } } } }
  ${team} ${teamMember} ${channel} ${mine} ${member}`
const inboxDocument = `subscription ($after: Cursor!) { inbox(after: $after) {
  __typename cursor
  ... on RoomAdded { roomId edge { node { ...RoomParts } } now: room { ...MineParts } channel: room { ... on Channel { ...ChannelParts of: team { id } } } }
  ... on RoomRemoved { roomId }
  ... on CallRinging { callId call { ...CallParts } participant { __typename id state } }
  ... on CallStoppedRinging { callId reason call { ...CallParts } }
  ... on MeetingInvited { meetingId meeting { ...PlannedParts } }
  ... on MeetingChanged { meetingId meeting { ...PlannedParts } }
  ... on Mentioned { roomId message { ...MessageParts } }
  ... on ReadMarkMoved { roomId seq room { ...UnreadParts } }
  ... on TeamAdded { teamId edge { node { ...TeamParts } } }
  ... on TeamRemoved { teamId }
  ... on ViewerUpdated { viewer { ...ViewerParts } room { __typename id viewerPermissions viewerMembership { ...MemberParts } } }
  ... on SessionEnded { sessionId } } }
  ${room} ${viewer} ${mine} ${member} ${team} ${channel} ${call} ${plannedMeeting}`

/**
 * Who is in the story: Ada, an admin, on two devices; Ben, a member; Cid, who is not in the room. Ada leads a team, in which Ben is and Cid is
 * not, and has made a public channel in it, in which she is alone.
 */
interface Cast {
  readonly ada: Person
  readonly tablet: Person
  readonly ben: Person
  readonly cid: Person
  readonly roomId: string
  readonly teamId: string
  /** The channel that came with the team. */
  readonly generalId: string
  readonly channelId: string
}

type Act = (cast: Cast) => Promise<unknown>

interface Case {
  readonly act: Act
  /** Whose state the events keep; everybody's, unless it changes what belongs to a person alone. */
  readonly seenBy?: (cast: Cast) => readonly Person[]
  /** Whom it signs out. */
  readonly ends?: (cast: Cast) => readonly Person[]
  /** The room that is held and followed, where it is another. */
  readonly where?: (cast: Cast) => string
}

const write = async (person: Person, mutation: string, input: Record<string, unknown>) => {
  const type = `${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input`
  return orThrow(await person.ask(`mutation ($input: ${type}!) { ${mutation}(input: $input) { __typename } }`, { input }))
}
const aFile = (content: string) => ({ filename: `${content}.txt`, mimeType: 'text/plain', bytes: Buffer.from(content) })
async function sendFiles(person: Person, roomId: string, ...contents: string[]): Promise<string> {
  const attachmentIds: string[] = []
  for (const content of contents) attachmentIds.push((await takeFile(person, aFile(content))).id)
  const document = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id } } }'
  const input = { roomId, content: '', attachmentIds }
  return orThrow(await person.ask<{ sendMessage: { message: { id: string } } }>(document, { input })).sendMessage.message.id
}
const aCase = (act: Act, who: Omit<Case, 'act'> = {}): Case => ({ act, ...who })
const tablet: Case['ends'] = (cast) => [cast.tablet]
const inChannel = { where: ({ channelId }: Cast) => channelId }
const inGeneral = { where: ({ generalId }: Cast) => generalId }
/** Of the rooms in others' lists more change than one. */
const seenByBen = { seenBy: ({ ben }: Cast) => [ben] }

const seenByAdaAndBen = { seenBy: ({ ada, tablet, ben }: Cast) => [ada, tablet, ben] }

const aMeeting = async (person: Person, roomId: string, more: object = {}) => {
  const input = { roomId, title: 'Plans', startsAt: '2030-01-07T09:00:00Z', endsAt: '2030-01-07T10:00:00Z', timeZone: 'UTC' }
  const document = 'mutation ($input: ScheduleMeetingInput!) { scheduleMeeting(input: $input) { meeting { id } } }'
  const weekly = { ...input, recurrence: 'FREQ=WEEKLY;COUNT=4', ...more }
  return orThrow(await person.ask<{ scheduleMeeting: { meeting: { id: string } } }>(document, { input: weekly })).scheduleMeeting.meeting.id
}

const aCall = async (person: Person, roomId: string) => {
  const input = { roomId, media: 'VIDEO', deviceId: 'phone' }
  const document = 'mutation ($input: StartCallInput!) { startCall(input: $input) { call { id } participant { id } } }'
  const { startCall } = orThrow(await person.ask<{ startCall: Record<'call' | 'participant', { id: string }> }>(document, { input }))
  return { callId: startCall.call.id, participantId: startCall.participant.id }
}

/** A case or more for every mutation there is: one that comes without fails the first test. */
const cases: Record<string, Record<string, Case>> = {
  addRoomMember: {
    'somebody new': aCase(({ ada, cid, roomId }) => ada.add(roomId, cid)),
    'somebody who is in': aCase(({ ada, ben, roomId }) => ada.add(roomId, ben)),
  },
  addTeamMember: {
    'somebody new, as a lead': aCase(
      ({ ada, cid, teamId }) => write(ada, 'addTeamMember', { teamId, userId: cid.id, role: 'LEAD' }),
      inGeneral,
    ),
    'somebody who is in': aCase(({ ada, ben, teamId }) => write(ada, 'addTeamMember', { teamId, userId: ben.id })),
    'somebody who left, and comes back': aCase(async ({ ada, ben, teamId }) => {
      await write(ben, 'removeTeamMember', { teamId, userId: ben.id })
      await write(ada, 'addTeamMember', { teamId, userId: ben.id })
    }, inGeneral),
  },
  addReaction: {
    'by two, and one of them twice': aCase(async ({ ada, ben, roomId }) => {
      const messageId = await ben.say(roomId, 'Nice')
      for (const person of [ada, ben, ada]) await write(person, 'addReaction', { messageId, emoji: '👍' })
      await write(ada, 'addReaction', { messageId, emoji: '🎉' })
    }),
    'to what is then deleted': aCase(async ({ ada, ben, roomId }) => {
      const messageId = await ben.say(roomId, 'Nice')
      await write(ada, 'addReaction', { messageId, emoji: '👍' })
      await write(ben, 'deleteMessage', { messageId })
    }),
  },
  archiveRoom: {
    'by its admin, twice': aCase(async ({ ada, roomId }) => {
      for (let time = 0; time < 2; time++) await write(ada, 'archiveRoom', { roomId })
    }),
    'a public channel': aCase(({ ada, channelId: roomId }) => write(ada, 'archiveRoom', { roomId }), inChannel),
    'a private channel, in the same breath': aCase(async ({ ada, ben, teamId }) => {
      const roomId = await aChannel(ada, { teamId, name: 'Secrets', isPrivate: true })
      await ada.add(roomId, ben)
      await write(ada, 'archiveRoom', { roomId })
    }),
  },
  blockUser: {
    somebody: aCase(({ ada, ben }) => write(ada, 'blockUser', { userId: ben.id })),
    'somebody with whom there is a direct room, twice': aCase(async ({ ada, cid }) => {
      await ada.open(cid)
      for (let time = 0; time < 2; time++) await write(ada, 'blockUser', { userId: cid.id })
    }),
  },
  changePassword: {
    'the other devices are out': aCase(
      ({ ada }) => write(ada, 'changePassword', { currentPassword: password, newPassword: 'another horse' }),
      { ends: tablet },
    ),
  },
  createChannel: {
    'a public one, and one of a member': aCase(async ({ ada, ben, teamId }) => {
      await aChannel(ada, { teamId, name: 'News', topic: 'What is new' })
      await aChannel(ben, { teamId, name: 'Old news' })
    }),
    'a private one, with somebody in it': aCase(async ({ ada, ben, teamId }) => {
      await ada.add(await aChannel(ada, { teamId, name: 'Secrets', isPrivate: true }), ben)
    }),
    'twice with one nonce': aCase(async ({ ben, teamId }) => {
      for (let time = 0; time < 2; time++) await aChannel(ben, { teamId, name: 'Once', nonce: 'once' })
    }),
  },
  createGroupRoom: {
    'with everybody': aCase(({ ada, ben, cid }) => ada.make(ben, cid)),
    'twice with one nonce': aCase(async ({ ben, cid }) => {
      const input = { name: 'Once', topic: 'A topic', memberIds: [cid.id], nonce: 'once' }
      await write(ben, 'createGroupRoom', input)
      await write(ben, 'createGroupRoom', input)
    }),
  },
  createUpload: {
    'which is nobody else’s to see': aCase(({ ada }) => write(ada, 'createUpload', { filename: 'a.txt', mimeType: 'text/plain', size: 5 })),
  },
  completeUpload: {
    'and not sent': aCase(async ({ ada }) => {
      await takeFile(ada, aFile('Hello'))
    }),
  },
  createTeam: {
    'with its channel': aCase(({ ben }) => write(ben, 'createTeam', { name: 'Band' })),
    'twice with one nonce': aCase(async ({ ada }) => {
      for (let time = 0; time < 2; time++) await write(ada, 'createTeam', { name: 'Once', nonce: 'once' })
    }),
  },
  deleteAccount: {
    'by a member who has said something': aCase(
      async ({ ada, ben, cid, roomId }) => {
        await ada.add(roomId, cid)
        await write(ben, 'addReaction', { messageId: await cid.say(roomId, 'Goodbye'), emoji: '👋' })
        await write(cid, 'addReaction', { messageId: await ben.say(roomId, `Bye @${cid.handle}`), emoji: '👋' })
        await write(cid, 'deleteAccount', { password })
      },
      { ends: ({ cid }) => [cid] },
    ),
  },
  deleteMessage: {
    'edited, then deleted by an admin, twice': aCase(async ({ ada, ben, roomId }) => {
      const messageId = await ben.say(roomId, 'One')
      await write(ben, 'editMessage', { messageId, content: 'Two' })
      await write(ada, 'deleteMessage', { messageId })
      await write(ben, 'deleteMessage', { messageId })
    }),
    'the one before the last': aCase(async ({ ada, ben, roomId }) => {
      const messageId = await ben.say(roomId, 'Not the last')
      await ada.say(roomId, 'The last')
      await write(ben, 'deleteMessage', { messageId })
    }),
  },
  editMessage: {
    'by its sender, twice': aCase(async ({ ben, roomId }) => {
      const messageId = await ben.say(roomId, 'One')
      await write(ben, 'editMessage', { messageId, content: 'Two' })
      await write(ben, 'editMessage', { messageId, content: 'Three' })
    }),
    'to what it says already': aCase(async ({ ada, roomId }) => {
      await write(ada, 'editMessage', { messageId: await ada.say(roomId, 'Same'), content: 'Same' })
    }),
  },
  forwardMessage: {
    'from a room that only one of them sees': aCase(async ({ ada, cid, roomId }) => {
      const messageId = await cid.say(await cid.open(ada), 'Between us')
      await write(ada, 'forwardMessage', { messageId, toRoomId: roomId })
    }),
    'within the room, of what is then edited and deleted': aCase(async ({ ada, ben, roomId }) => {
      const messageId = await ben.say(roomId, 'One')
      await write(ada, 'forwardMessage', { messageId, toRoomId: roomId })
      await write(ben, 'editMessage', { messageId, content: 'Two' })
      await write(ada, 'forwardMessage', { messageId, toRoomId: roomId })
      await write(ben, 'deleteMessage', { messageId })
    }),
    'twice with one nonce': aCase(async ({ ada, ben, roomId }) => {
      const input = { messageId: await ben.say(roomId, 'One'), toRoomId: roomId, nonce: 'once' }
      await write(ada, 'forwardMessage', input)
      await write(ada, 'forwardMessage', input)
    }),
  },
  declineCall: {
    'by the only one for whom it rang, who called anew': aCase(async ({ ada, ben, roomId }) => {
      const { callId } = await aCall(ada, roomId)
      await write(ben, 'declineCall', { callId })
      await aCall(ben, roomId)
    }),
    'by one of two': aCase(async ({ ada, ben, cid, roomId }) => {
      await ada.add(roomId, cid)
      const { callId } = await aCall(ada, roomId)
      await write(ben, 'declineCall', { callId })
    }, seenByAdaAndBen),
  },
  cancelMeeting: {
    'one occurrence, and then all of it': aCase(async ({ ada, ben, cid, roomId }) => {
      const meetingId = await aMeeting(ada, roomId, { attendeeIds: [ben.id, cid.id] })
      for (let time = 0; time < 2; time++) await write(ada, 'cancelMeeting', { meetingId, occurrence: '2030-01-14T09:00:00Z' })
      for (let time = 0; time < 2; time++) await write(ada, 'cancelMeeting', { meetingId })
    }),
  },
  endCall: {
    'before and after it was answered': aCase(async ({ ada, ben, roomId }) => {
      const first = await aCall(ben, roomId)
      await write(ada, 'endCall', { callId: first.callId })
      const { callId } = await aCall(ada, roomId)
      await write(ben, 'joinCall', { callId, deviceId: 'phone' })
      await write(ada, 'endCall', { callId })
    }),
  },
  joinCall: {
    'who answers': aCase(async ({ ada, ben, roomId }) => {
      const { callId } = await aCall(ada, roomId)
      await write(ben, 'joinCall', { callId, deviceId: 'phone' })
    }),
  },
  joinChannel: {
    'by a member of the team, twice': aCase(async ({ ben, channelId }) => {
      for (let time = 0; time < 2; time++) await write(ben, 'joinChannel', { channelId })
    }, inChannel),
  },
  joinMeeting: {
    'beside a call of the room': aCase(async ({ ada, ben, roomId }) => {
      const meetingId = await aMeeting(ada, roomId)
      await aCall(ada, roomId)
      await write(ben, 'joinMeeting', { meetingId, deviceId: 'phone' })
    }),
    'as a guest, who leaves the call again': aCase(async ({ ada, cid, roomId }) => {
      const meetingId = await aMeeting(ada, roomId, { attendeeIds: [cid.id] })
      const document = 'mutation ($input: JoinMeetingInput!) { joinMeeting(input: $input) { participant { id } } }'
      const joined = await cid.ask<{ joinMeeting: { participant: { id: string } } }>(document, { input: { meetingId, deviceId: 'phone' } })
      await write(cid, 'leaveCall', { participantId: orThrow(joined).joinMeeting.participant.id })
    }, seenByAdaAndBen),
  },
  leaveCall: {
    'one after the other, and one who came back': aCase(async ({ ada, ben, roomId }) => {
      const { callId, participantId } = await aCall(ada, roomId)
      await write(ben, 'joinCall', { callId, deviceId: 'phone' })
      await write(ada, 'leaveCall', { participantId })
      await write(ada, 'joinCall', { callId, deviceId: 'tablet' })
    }),
    'before anybody answered': aCase(async ({ ada, roomId }) => {
      const { participantId } = await aCall(ada, roomId)
      await write(ada, 'leaveCall', { participantId })
    }),
  },
  markRead: {
    'on one device': aCase(async ({ ada, ben, roomId }) => {
      const messageId = await ben.say(roomId, `One, @${ada.handle}`)
      await ben.say(roomId, 'Two')
      await write(ada, 'markRead', { roomId, messageId })
    }),
    'by two, further, and back': aCase(async ({ tablet, ben, roomId }) => {
      const [one, two] = [await ben.say(roomId, 'One'), await ben.say(roomId, 'Two')]
      await write(tablet, 'markRead', { roomId, messageId: one })
      const told = await ben.cursorOf(roomId)
      for (const person of [tablet, ben]) for (const messageId of [two, one]) await write(person, 'markRead', { roomId, messageId })
      // What moves within a second of that is told together.
      await until(async () => (await ben.cursorOf(roomId)) !== told)
    }),
    'what is then deleted': aCase(async ({ ada, ben, roomId }) => {
      const messageId = await ben.say(roomId, 'One')
      await write(ada, 'markRead', { roomId, messageId })
      await write(ben, 'deleteMessage', { messageId: await ben.say(roomId, `Two, @${ada.handle}`) })
    }),
  },
  muteMember: {
    'until a time': aCase(({ ada, ben, roomId }) =>
      write(ada, 'muteMember', { roomId, userId: ben.id, until: '2100-01-01T00:00:00.000Z' }),
    ),
    'and lifted': aCase(async ({ ada, ben, roomId }) => {
      await write(ada, 'muteMember', { roomId, userId: ben.id, until: '2100-01-01T00:00:00.000Z' })
      await write(ada, 'muteMember', { roomId, userId: ben.id, until: null })
    }),
  },
  openDirectRoom: {
    'made and then found': aCase(async ({ ada, cid }) => {
      await ada.open(cid)
      await cid.open(ada)
    }),
  },
  pinMessage: {
    'two, and one of them twice': aCase(async ({ ada, ben, roomId }) => {
      const [one, two] = [await ben.say(roomId, 'One'), await ada.say(roomId, 'Two')]
      for (const messageId of [one, two, one]) await write(ada, 'pinMessage', { messageId })
    }),
    'what is then edited': aCase(async ({ ada, ben, roomId }) => {
      const messageId = await ben.say(roomId, 'One')
      await write(ada, 'pinMessage', { messageId })
      await write(ben, 'editMessage', { messageId, content: 'Two' })
    }),
    'what its sender then deletes': aCase(async ({ ada, ben, roomId }) => {
      const [one, two] = [await ben.say(roomId, 'One'), await ben.say(roomId, 'Two')]
      for (const messageId of [one, two]) await write(ada, 'pinMessage', { messageId })
      await write(ben, 'deleteMessage', { messageId: two })
    }),
  },
  refreshSession: {
    'of one device': aCase(({ tablet }) => write(tablet, 'refreshSession', { refreshToken: tablet.refreshToken })),
  },
  removeReaction: {
    'the last of its kind, and one of two': aCase(async ({ ada, ben, roomId }) => {
      const messageId = await ben.say(roomId, 'Nice')
      for (const person of [ada, ben]) await write(person, 'addReaction', { messageId, emoji: '👍' })
      await write(ada, 'addReaction', { messageId, emoji: '🎉' })
      for (const emoji of ['👍', '🎉']) await write(ada, 'removeReaction', { messageId, emoji })
    }),
  },
  removeRoomMember: {
    'a member': aCase(({ ada, ben, roomId }) => ada.remove(roomId, ben)),
    'the last admin, who leaves': aCase(({ ada, roomId }) => ada.remove(roomId, ada)),
    'somebody who comes back': aCase(async ({ ada, ben, roomId }) => {
      await ada.remove(roomId, ben)
      await ada.say(roomId, 'While Ben is away')
      await ada.add(roomId, ben)
    }),
  },
  'removeRoomMember, in a public channel': {
    'who goes on reading': aCase(async ({ ben, channelId }) => {
      await write(ben, 'joinChannel', { channelId })
      await ben.remove(channelId, ben)
    }, inChannel),
    'its last member, who leads the team': aCase(({ ada, channelId }) => ada.remove(channelId, ada), inChannel),
  },
  removeTeamMember: {
    'by a lead': aCase(({ ada, ben, teamId }) => write(ada, 'removeTeamMember', { teamId, userId: ben.id }), inGeneral),
    'who held a public channel without being in it': aCase(
      ({ ada, ben, teamId }) => write(ada, 'removeTeamMember', { teamId, userId: ben.id }),
      { ...inChannel, ...seenByBen },
    ),
    'who leaves it and all its channels': aCase(
      async ({ ada, ben, teamId, channelId }) => {
        await write(ben, 'joinChannel', { channelId })
        await ada.add(await aChannel(ada, { teamId, name: 'Secrets', isPrivate: true }), ben)
        await write(ben, 'removeTeamMember', { teamId, userId: ben.id })
      },
      { ...inChannel, ...seenByBen },
    ),
    'its first lead, and somebody else leads': aCase(async ({ ada, ben, teamId }) => {
      await write(ada, 'setTeamRole', { teamId, userId: ben.id, role: 'LEAD' })
      await write(ada, 'removeTeamMember', { teamId, userId: ada.id })
    }, inGeneral),
  },
  revokeSession: {
    'of the other device': aCase(
      async ({ ada, tablet }) => {
        const document = '{ viewer { sessions { id isCurrent } } }'
        const { viewer } = orThrow(await tablet.ask<{ viewer: { sessions: { id: string; isCurrent: boolean }[] } }>(document))
        return write(ada, 'revokeSession', { sessionId: viewer.sessions.find(({ isCurrent }) => isCurrent)!.id })
      },
      { ends: tablet },
    ),
  },
  sendMessage: {
    'said by two': aCase(async ({ ada, ben, roomId }) => {
      await ada.say(roomId, 'One')
      await ben.say(roomId, 'Two')
    }),
    'twice with one nonce': aCase(async ({ ada, roomId }) => {
      await ada.say(roomId, 'Once', 'once')
      await ada.say(roomId, 'Once', 'once')
    }),
  },
  sendSignal: {
    'to one device': aCase(async ({ ada, ben, roomId }) => {
      const { callId, participantId: from } = await aCall(ada, roomId)
      await write(ben, 'joinCall', { callId, deviceId: 'phone' })
      const document = 'query ($id: ID!) { call(id: $id) { participants { id state user { id } } } }'
      const { call } = orThrow(await ada.ask<{ call: State }>(document, { id: callId }))
      const to = call.participants.find(({ user }: State) => user.id === ben.id).id
      await write(ada, 'sendSignal', { from, to, kind: 'OFFER', payload: { sdp: '' } })
    }),
  },
  'sendMessage, with files': {
    'by one, forwarded by the other': aCase(async ({ ada, ben, roomId }) => {
      const messageId = await sendFiles(ada, roomId, 'One', 'Two')
      await write(ben, 'forwardMessage', { messageId, toRoomId: roomId })
    }),
    'edited, then deleted': aCase(async ({ ada, ben, roomId }) => {
      await sendFiles(ben, roomId, 'Stays')
      const messageId = await sendFiles(ada, roomId, 'Goes')
      await write(ada, 'editMessage', { messageId, content: 'Look' })
      await write(ada, 'deleteMessage', { messageId })
    }),
  },
  'sendMessage, in a public channel': {
    'by who is not in it, twice': aCase(async ({ ben, channelId }) => {
      for (const content of ['Hello', 'Anybody here?']) await ben.say(channelId, content)
    }, inChannel),
  },
  'sendMessage, in threads': {
    'begun and gone on with by two': aCase(async ({ ada, ben, roomId }) => {
      const threadId = await ada.say(roomId, 'Plans?')
      await write(ben, 'sendMessage', { roomId, content: 'The sea', threadId })
      const { sendMessage } = orThrow(
        await ada.ask<{ sendMessage: { message: { id: string } } }>(
          'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id } } }',
          { input: { roomId, content: 'The hills', threadId } },
        ),
      )
      await write(ben, 'sendMessage', { roomId, content: 'Which?', replyToId: sendMessage.message.id })
      await write(ada, 'deleteMessage', { messageId: sendMessage.message.id })
    }),
    'under a message that was there before': aCase(async ({ ben, roomId }) => {
      const { room } = orThrow(
        await ben.ask<{ room: { lastMessage: { id: string } } }>('query ($id: ID!) { room(id: $id) { lastMessage { id } } }', {
          id: roomId,
        }),
      )
      await write(ben, 'sendMessage', { roomId, content: 'Thanks', threadId: room.lastMessage.id })
    }),
    'answers to what is then edited and deleted': aCase(async ({ ada, ben, roomId }) => {
      const messageId = await ada.say(roomId, 'Tea?')
      await write(ben, 'sendMessage', { roomId, content: 'Yes', replyToId: messageId })
      await write(ada, 'editMessage', { messageId, content: 'Coffee?' })
      await write(ada, 'deleteMessage', { messageId })
    }),
  },
  setNotificationLevel: {
    'on one device': aCase(({ ada, roomId }) => write(ada, 'setNotificationLevel', { roomId, level: 'MENTIONS' })),
    'twice, by a member': aCase(async ({ ben, roomId }) => {
      for (const level of ['NONE', 'NONE']) await write(ben, 'setNotificationLevel', { roomId, level })
    }),
  },
  'sendMessage, mentioning': {
    'who is in the room, who is not, and oneself': aCase(({ ada, ben, cid, roomId }) =>
      ada.say(roomId, `Hello @${ben.handle}, @${cid.handle} and @${ada.handle}`),
    ),
    'somebody who then goes': aCase(async ({ ada, ben, roomId }) => {
      await ada.say(roomId, `Hello @${ben.handle}`)
      await ada.remove(roomId, ben)
    }),
    'others by an edit, and then nobody': aCase(async ({ ada, ben, roomId }) => {
      const messageId = await ben.say(roomId, `Hello @${ada.handle}`)
      await write(ben, 'editMessage', { messageId, content: 'Hello' })
      await write(ben, 'editMessage', { messageId, content: `Hello @${ben.handle} and @${ada.handle}` })
      await write(ben, 'editMessage', { messageId: await ben.say(roomId, 'Hello'), content: `Hello @${ada.handle}` })
    }),
    'by what is then deleted': aCase(async ({ ada, ben, roomId }) => {
      await write(ben, 'deleteMessage', { messageId: await ben.say(roomId, `Hello @${ada.handle}`) })
    }),
  },
  setRoomRole: {
    'to admin': aCase(({ ada, ben, roomId }) => write(ada, 'setRoomRole', { roomId, userId: ben.id, role: 'ADMIN' })),
    'there and back': aCase(async ({ ada, ben, roomId }) => {
      await write(ada, 'setRoomRole', { roomId, userId: ben.id, role: 'ADMIN' })
      await write(ben, 'setRoomRole', { roomId, userId: ada.id, role: 'MEMBER' })
    }),
  },
  setTeamRole: {
    'to lead': aCase(({ ada, ben, teamId }) => write(ada, 'setTeamRole', { teamId, userId: ben.id, role: 'LEAD' })),
    'and with it what one may do in a public channel, there and back': aCase(async ({ ada, ben, teamId }) => {
      await write(ada, 'setTeamRole', { teamId, userId: ben.id, role: 'LEAD' })
      await write(ben, 'setTeamRole', { teamId, userId: ada.id, role: 'MEMBER' })
    }, inChannel),
  },
  respondToMeeting: {
    'by a member and by a guest, more than once': aCase(async ({ ada, ben, cid, roomId }) => {
      const meetingId = await aMeeting(ada, roomId, { attendeeIds: [ben.id, cid.id] })
      for (const rsvp of ['ACCEPTED', 'DECLINED']) await write(ben, 'respondToMeeting', { meetingId, rsvp })
      for (const rsvp of ['TENTATIVE', 'TENTATIVE']) await write(cid, 'respondToMeeting', { meetingId, rsvp })
    }),
    'without being asked': aCase(async ({ ada, ben, channelId }) => {
      await write(ben, 'respondToMeeting', { meetingId: await aMeeting(ada, channelId), rsvp: 'ACCEPTED' })
    }, inChannel),
  },
  scheduleMeeting: {
    'for everybody, twice with one nonce': aCase(async ({ ben, roomId }) => {
      for (let time = 0; time < 2; time++) await aMeeting(ben, roomId, { nonce: 'once', description: 'What is new' })
    }),
    'two at the same time': aCase(async ({ ada, roomId }) => {
      for (const title of ['One', 'Two']) await aMeeting(ada, roomId, { title })
    }),
    'in a public channel that one was not in': aCase(({ ben, channelId }) => aMeeting(ben, channelId), { ...inChannel, ...seenByBen }),
  },
  startCall: {
    'where there is none, and again': aCase(async ({ ada, roomId }) => {
      await aCall(ada, roomId)
      await aCall(ada, roomId)
    }),
    'in a public channel that one was not in': aCase(({ ben, channelId }) => aCall(ben, channelId), { ...inChannel, ...seenByBen }),
  },
  signIn: { 'on a third device': aCase(({ ada }) => anotherDevice(ada, { url: ada.url })) },
  signOut: {
    'on one device': aCase(({ tablet }) => write(tablet, 'signOut', {}), { ends: tablet }),
    'on all of them': aCase(({ tablet }) => write(tablet, 'signOut', { everywhere: true }), { ends: ({ ada, tablet }) => [ada, tablet] }),
  },
  signUp: {
    'by somebody else': aCase(async ({ ada }) => {
      const input = { handle: `new_${Date.now()}`, name: 'New', password }
      const query = 'mutation ($input: SignUpInput!) { signUp(input: $input) { viewer { id } } }'
      orThrow(await post(ada.url, { query, variables: { input } }))
    }),
  },
  unpinMessage: {
    'one of two, which is pinned again': aCase(async ({ ada, ben, roomId }) => {
      const [one, two] = [await ben.say(roomId, 'One'), await ben.say(roomId, 'Two')]
      for (const messageId of [one, two]) await write(ada, 'pinMessage', { messageId })
      await write(ada, 'unpinMessage', { messageId: one })
      await write(ada, 'pinMessage', { messageId: one })
    }),
    'what is not pinned': aCase(async ({ ada, roomId }) => write(ada, 'unpinMessage', { messageId: await ada.say(roomId, 'One') })),
  },
  unblockUser: {
    'somebody blocked': aCase(async ({ ada, ben, cid }) => {
      for (const { id } of [ben, cid]) await write(ada, 'blockUser', { userId: id })
      await write(ada, 'unblockUser', { userId: ben.id })
    }),
    'somebody who is not': aCase(({ ada, ben }) => write(ada, 'unblockUser', { userId: ben.id })),
  },
  unarchiveRoom: {
    'archived and opened again': aCase(async ({ ada, roomId }) => {
      await write(ada, 'archiveRoom', { roomId })
      await write(ada, 'unarchiveRoom', { roomId })
    }),
    'a public channel, with something said since': aCase(async ({ ada, channelId: roomId }) => {
      await write(ada, 'archiveRoom', { roomId })
      await write(ada, 'unarchiveRoom', { roomId })
      await ada.say(roomId, 'Open again')
    }, inChannel),
  },
  updateParticipant: {
    'what one sends': aCase(async ({ ada, roomId }) => {
      const { participantId } = await aCall(ada, roomId)
      await write(ada, 'updateParticipant', { participantId, audio: false, screen: true })
    }),
  },
  updateProfile: {
    // A name reaches others with the next answer that shows it.
    'name and address': aCase(({ ada }) => write(ada, 'updateProfile', { name: 'Ada L.', email: 'ada@example.org' }), {
      seenBy: ({ ada, tablet }) => [ada, tablet],
    }),
  },
  updateTeam: {
    'its name and slug': aCase(({ ada, teamId }) => write(ada, 'updateTeam', { teamId, name: 'Renamed', slug: `renamed-${Date.now()}` })),
    'to what it is called already': aCase(({ ada, teamId }) => write(ada, 'updateTeam', { teamId, name: 'Crew' })),
  },
  setPresence: {
    // How others are shown it passes.
    'and a text': aCase(({ ada }) => write(ada, 'setPresence', { status: 'AWAY', text: 'Lunch' }), {
      seenBy: ({ ada, tablet }) => [ada, tablet],
    }),
  },
  // What passes is no part of a room's state: nobody is told of it but who follows it.
  setTyping: {
    '': aCase(({ ada, roomId }) => write(ada, 'setTyping', { roomId, isTyping: true })),
  },
  updateMeeting: {
    'its words, its times, and who comes': aCase(async ({ ada, ben, cid, roomId }) => {
      const meetingId = await aMeeting(ada, roomId, { attendeeIds: [ben.id, cid.id] })
      await write(ada, 'updateMeeting', { meetingId, title: 'Other plans', description: 'More', endsAt: '2030-01-07T11:00:00Z' })
      await write(ada, 'updateMeeting', { meetingId, recurrence: 'FREQ=MONTHLY', timeZone: 'Asia/Tokyo', description: null })
      await write(ada, 'updateMeeting', { meetingId, attendeeIds: [ben.id] })
    }),
    'one occurrence, and what changes nothing': aCase(async ({ ada, cid, roomId }) => {
      const meetingId = await aMeeting(ada, roomId, { attendeeIds: [cid.id] })
      const moved = { meetingId, occurrence: '2030-01-14T09:00:00Z', startsAt: '2030-01-12T09:00:00Z' }
      for (let time = 0; time < 2; time++) await write(ada, 'updateMeeting', moved)
    }),
  },
  updateRoom: {
    'its name': aCase(({ ada, roomId }) => write(ada, 'updateRoom', { roomId, name: 'Renamed' })),
    'its topic, and back': aCase(async ({ ada, roomId }) => {
      await write(ada, 'updateRoom', { roomId, topic: 'New' })
      await write(ada, 'updateRoom', { roomId, topic: null })
    }),
    'its picture, and away with it': aCase(async ({ ada, roomId }) => {
      const { id: avatarId } = await takeFile(ada, await aPictureFile())
      await write(ada, 'updateRoom', { roomId, avatarId })
      await write(ada, 'updateRoom', { roomId, avatarId: null })
    }),
    'of a public channel': aCase(
      ({ ada, channelId: roomId }) => write(ada, 'updateRoom', { roomId, name: 'Renamed', topic: 'New' }),
      inChannel,
    ),
  },
}

it('every mutation has a case', () => {
  const mutation = schema.getMutationType()
  expect(mutation).toBeInstanceOf(GraphQLObjectType)
  expect([...new Set(Object.keys(cases).map((name) => name.split(',')[0]!))].sort()).toEqual(Object.keys(mutation!.getFields()).sort())
})

inEachWorld('what a client held, and the events since', (world) => {
  const all = Object.entries(cases).flatMap(([mutation, some]) => Object.entries(some).map(([name, one]) => [mutation, name, one] as const))

  it.each(all)('make what it reads afresh: %s, %s', async (_mutation, _name, { act, seenBy, ends, where }) => {
    const cast = await aCast(world())
    const { ada, tablet, ben, cid, teamId } = cast
    const held = { teamId, roomId: where?.(cast) ?? cast.roomId }
    const leaving = ends?.(cast) ?? []
    const watching = (seenBy?.(cast) ?? [ada, tablet, ben, cid]).filter((person) => !leaving.includes(person))
    const before = await Promise.all(watching.map((person) => read(person, held)))
    await act(cast)
    for (const person of leaving) await until(async () => (await person.ask('{ viewer { id } }')).status === 401)
    for (const [index, person] of watching.entries()) await expectAgreement(person, held, before[index])
  })
})

interface Places {
  readonly roomId: string
  readonly teamId: string
}

/** Whichever stream's events come first, and seen once or twice, they make of what was held what is read now. */
async function expectAgreement(person: Person, { roomId, teamId }: Places, held: State): Promise<void> {
  const fresh = await read(person, { roomId, teamId })
  // What one has come into is read, not made of events; what one is out of is not followed.
  const expected = { ...fresh, room: held.room && fresh.room, team: held.team && fresh.team }
  const between = (part: 'room' | 'team', document: string) =>
    expected[part] ? eventsOf(person, document, { roomId, teamId }, held[part].cursor, fresh[part].cursor) : []
  const inbox = await eventsOf(person, inboxDocument, {}, held.viewer.inboxCursor, fresh.viewer.inboxCursor)
  const room = await between('room', roomDocument)
  const team = await between('team', teamDocument)
  const steps = [
    (state: State) => applyInbox(state, inbox),
    (state: State) => applyRoom(state, room),
    (state: State) => applyTeam(state, team),
  ]
  const inOrder = (state: State) => steps.reduce((next, step) => step(next), state)
  const once = inOrder(held)
  expect(once).toEqual(expected)
  expect(steps.reduceRight((next, step) => step(next), held)).toEqual(expected)
  expect(inOrder(once)).toEqual(expected)
  expect(inOrder(expected)).toEqual(expected)
}

async function aCast(world: World): Promise<Cast> {
  const [here, there = here] = world.nodes
  const ada = await world.aPerson('Ada', here)
  const [tablet, ben, cid] = await Promise.all([anotherDevice(ada, there!), world.aPerson('Ben', there), world.aPerson('Cid', here)])
  const roomId = await ada.make(ben)
  await ada.say(roomId, 'Welcome')
  const { createTeam } = orThrow(
    await ada.ask<{ createTeam: Record<'team' | 'channel', { id: string }> }>(
      'mutation { createTeam(input: { name: "Crew" }) { team { id } channel { id } } }',
    ),
  )
  const [teamId, generalId] = [createTeam.team.id, createTeam.channel.id]
  await write(ada, 'addTeamMember', { teamId, userId: ben.id })
  return { ada, tablet, ben, cid, roomId, teamId, generalId, channelId: await aChannel(ada, { teamId, name: 'Public' }) }
}

async function aChannel(person: Person, input: Record<string, unknown>): Promise<string> {
  const document = 'mutation ($input: CreateChannelInput!) { createChannel(input: $input) { channel { id } } }'
  return orThrow(await person.ask<{ createChannel: { channel: { id: string } } }>(document, { input })).createChannel.channel.id
}

async function read(person: Person, places: Places): Promise<State> {
  return orThrow(await person.ask<State>(stateDocument, { ...places }))
}

/** What a subscription brings between two cursors, over a socket. */
async function eventsOf(person: Person, query: string, variables: object, after: string, upTo: string): Promise<ShownEvent[]> {
  const events: ShownEvent[] = []
  if (after === upTo) return events
  const client = person.connect()
  const subscription = client.iterate<Record<string, ShownEvent & { cursor: string }>>({ query, variables: { ...variables, after } })
  for await (const { data, errors } of subscription) {
    if (errors) throw errors[0]
    const [event] = Object.values(data!)
    events.push(event!)
    if (event!.cursor === upTo) break
  }
  await client.dispose()
  return events
}

const inboxAndAccount: Rules = {
  ...inboxRules,
  ...accountRules,
  '*'({ viewer }, { cursor }) {
    viewer.inboxCursor = cursor
  },
}

/** What is lost, and not given back since, is dropped: a team, what it alone let one see, and a room that only its members see. */
function applyInbox(held: State, events: readonly ShownEvent[]): State {
  const state = applyEvents(held, events, inboxAndAccount)
  const lastOf = (name: 'roomId' | 'teamId', id: string | undefined) =>
    events.filter((event) => id !== undefined && event[name] === id).at(-1)?.__typename
  const isOut = lastOf('teamId', held.team?.id) === 'TeamRemoved'
  const isNoMember = lastOf('roomId', held.room?.id) === 'RoomRemoved'
  const isOfTeam = held.team !== null && held.room?.team?.id === held.team.id
  if (isOut ? isOfTeam || isNoMember : isNoMember && held.room.isPrivate !== false) state.room = null
  if (isOut) state.team = null
  return sorted(state)
}

function applyRoom(held: State, events: readonly ShownEvent[]): State {
  return sorted(held.room ? applyEvents(held, events, roomRules) : held)
}

function applyTeam(held: State, events: readonly ShownEvent[]): State {
  return held.team ? applyEvents(held, events, teamRules) : held
}

/** A list of rooms is shown by latest activity. */
function sorted(state: State): State {
  state.viewer.rooms.edges.sort((one: State, other: State) => (one.node.lastActivityAt < other.node.lastActivityAt ? 1 : -1))
  return state
}
