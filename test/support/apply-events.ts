/** An answer of GraphQL, as a client holds it. Ask for `__typename` and `id` wherever something may change. */
// biome-ignore lint/suspicious/noExplicitAny: a client's state has the shape of its query.
export type State = any

/** An event as a query or subscription answered it, with its `__typename`. */
export type ShownEvent = { readonly __typename: string; readonly [field: string]: State }

/** What an event changes in lists and in fields of their owner: everything that is no object with an id. */
export type Rules = Readonly<Record<string, (state: State, event: ShownEvent) => void>>

/**
 * What a client with a normalised cache makes of events: every object that an event shows replaces what is held of the same type and id,
 * then the rule of the event's type puts it into its lists, or takes it out. The rule '*' is for all events. The state given stays as it is.
 */
export function applyEvents<Held extends State>(held: Held, events: readonly ShownEvent[], rules: Rules): Held {
  const state = structuredClone(held)
  for (const event of events) {
    const shown = structuredClone(event)
    for (const object of objectsIn(shown)) {
      for (const known of objectsIn(state)) {
        if (known.__typename === object.__typename && known.id === object.id) Object.assign(known, news(known, object))
      }
    }
    rules[event.__typename]?.(state, shown)
    rules['*']?.(state, shown)
  }
  return state
}

/** All objects with a type and an id, however deep. */
function* objectsIn(value: State): Generator<State> {
  if (typeof value !== 'object' || value === null) return
  if (typeof value.__typename === 'string' && typeof value.id === 'string') yield value
  for (const inner of Object.values(value)) yield* objectsIn(inner)
}

/**
 * The plain fields and lists that are held too, and objects where none was held. (Others are met by themselves, connections belong to the
 * rules.)
 */
function news(known: State, object: State): State {
  const isNews = ([name, value]: [string, State]) =>
    name in known && (value === null || typeof value !== 'object' || Array.isArray(value) || known[name] === null)
  return structuredClone(Object.fromEntries(Object.entries(object).filter(isNews)))
}

/** A list of objects with that one in it, once, where its key belongs; of those with the same key it is the last. */
export function withObject<Item extends { id: string }>(list: readonly Item[], item: Item, keyOf: (item: Item) => string): Item[] {
  const others = list.filter(({ id }) => id !== item.id)
  const place = others.findIndex((other) => keyOf(other) > keyOf(item))
  return place === -1 ? [...others, item] : [...others.slice(0, place), item, ...others.slice(place)]
}

/**
 * The events of a room: what they do to `{ room { cursor lastActivityAt members { nodes } messages(last:) { edges } lastMessage } }`, as much
 * of it as is held, and to the room wherever else it is held.
 */
export const roomRules: Rules = {
  MemberJoined({ room }, { member }) {
    room.members.nodes = withObject(room.members.nodes, member, ({ joinedAt }) => joinedAt)
  },
  MemberLeft({ room }, { memberId }) {
    room.members.nodes = room.members.nodes.filter(({ id }: { id: string }) => id !== memberId)
  },
  MessageAdded(state, { roomId, message, edge, reply }) {
    // A reply in a thread: it is counted there.
    if (reply?.thread && reply.thread.root.id !== message.id) return
    if (state.room.messages) {
      const others = state.room.messages.edges.filter(({ node }: State) => node.id !== message.id)
      state.room.messages.edges = [...others, edge].sort((one: State, other: State) => one.node.seq - other.node.seq)
    }
    for (const room of objectsIn(state)) {
      const isNewer = room.id === roomId && 'lastMessage' in room && (room.lastMessage?.seq ?? 0) <= message.seq
      if (isNewer) room.lastMessage = structuredClone(message)
    }
  },
  CallStarted: showCall,
  CallUpdated: showCall,
  CallEnded: showCall,
  MeetingScheduled: showMeeting,
  MeetingUpdated: showMeeting,
  MeetingCancelled: showMeeting,
  RoomArchived({ viewer, room }) {
    if (viewer) viewer.rooms.edges = viewer.rooms.edges.filter(({ node }: State) => node.id !== room.id)
  },
  RoomUnarchived({ viewer, room }, event) {
    if (!viewer || !room.viewerMembership) return
    const others = viewer.rooms.edges.filter(({ node }: State) => node.id !== room.id)
    viewer.rooms.edges = [{ node: event.room }, ...others]
  },
  '*'(state, { __typename, cursor, at, roomId }) {
    state.room.cursor = cursor
    // Reading is no activity.
    if (__typename === 'ReadMarksMoved') return
    for (const room of objectsIn(state))
      if (room === state.room || (room.id === roomId && 'lastActivityAt' in room)) room.lastActivityAt = at
  },
}

/** A room has one call of its own that is not over, and so has a meeting; an old event shows it as it is now. */
function showCall(state: State, { call }: ShownEvent) {
  for (const place of objectsIn(state)) {
    if (!('activeCall' in place) || (call.meeting ? place.id !== call.meeting.id : place !== state.room)) continue
    if (call.state !== 'ENDED') place.activeCall = structuredClone(call)
    else if (place.activeCall?.id === call.id) place.activeCall = null
  }
}

/** Ask for the `occurrences` of its `meeting` in the range that is held: they are all of it that there are there. */
function showMeeting({ room, viewer }: State, { meeting, meetingId = meeting.id }: ShownEvent) {
  const { occurrences = [], viewerAttendance } = meeting ?? {}
  if (room?.meetings && meeting) room.meetings = withOccurrences(room.meetings, meetingId, occurrences)
  const isMine = viewerAttendance && viewerAttendance.rsvp !== 'DECLINED'
  if (viewer?.meetings) viewer.meetings = withOccurrences(viewer.meetings, meetingId, isMine ? occurrences : [])
}

/** In order of start, and then of meeting. */
function withOccurrences(list: readonly State[], meetingId: string, occurrences: readonly State[]): State[] {
  const keyOf = ({ startsAt, meeting }: State) => `${startsAt} ${Buffer.from(meeting.id, 'base64url')}`
  const all = [...list.filter(({ meeting }) => meeting.id !== meetingId), ...occurrences]
  return all.sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1))
}

/** Where it takes place only its room's stream tells what becomes of the room's list. */
function showMeetingOfMine({ viewer }: State, event: ShownEvent) {
  showMeeting({ viewer }, event)
}

/** The events of a team: what they do to `{ team { cursor members { nodes } channels { nodes } } }`. */
export const teamRules: Rules = {
  TeamMemberJoined({ team }, { member }) {
    team.members.nodes = withObject(team.members.nodes, member, ({ joinedAt }) => joinedAt)
  },
  TeamMemberLeft({ team }, { memberId }) {
    team.members.nodes = team.members.nodes.filter(({ id }: { id: string }) => id !== memberId)
  },
  ChannelAdded: listChannel,
  ChannelUnarchived: listChannel,
  ChannelArchived({ team }, { channel }) {
    if (team.channels) team.channels.nodes = team.channels.nodes.filter(({ id }: { id: string }) => id !== channel.id)
  },
  '*'(state, { cursor }) {
    state.team.cursor = cursor
  },
}

function listChannel({ team }: State, { channel }: ShownEvent) {
  if (team.channels) team.channels.nodes = withObject(team.channels.nodes, channel, ({ createdAt }) => createdAt)
}

/**
 * The events of an inbox: what they do to `{ viewer { rooms { edges { cursor node { id } } } } }`, the newest activity first, and to
 * `{ viewer { teams { edges { cursor node { id } } } } }`, the newest last. Of private channels they alone tell: a `channel` among
 * `{ team { channels { nodes } } }`, `of` that team.
 */
export const inboxRules: Rules = {
  TeamAdded({ viewer }, { edge, teamId }) {
    const others = viewer.teams.edges.filter(({ node }: State) => node.id !== teamId)
    viewer.teams.edges = edge ? [...others, edge] : others
  },
  TeamRemoved({ viewer }, { teamId }) {
    viewer.teams.edges = viewer.teams.edges.filter(({ node }: State) => node.id !== teamId)
  },
  RoomAdded({ viewer, team }, { edge, roomId, channel }) {
    const others = viewer.rooms.edges.filter(({ node }: State) => node.id !== roomId)
    viewer.rooms.edges = edge && !edge.node.archivedAt ? [edge, ...others] : others
    if (!channel?.isPrivate || channel.archivedAt || channel.of.id !== team?.id) return
    const { of: _of, ...shown } = channel
    listChannel({ team }, { __typename: 'RoomAdded', channel: shown })
  },
  CallRinging({ viewer }, { call, participant }) {
    if (participant?.state !== 'RINGING' || !viewer.ringingCalls) return
    viewer.ringingCalls = [call, ...viewer.ringingCalls.filter(({ id }: State) => id !== call.id)]
  },
  CallStoppedRinging({ viewer }, { callId }) {
    viewer.ringingCalls = viewer.ringingCalls?.filter(({ id }: State) => id !== callId)
  },
  MeetingInvited: showMeetingOfMine,
  MeetingChanged: showMeetingOfMine,
  RoomRemoved({ viewer, team }, { roomId }) {
    viewer.rooms.edges = viewer.rooms.edges.filter(({ node }: State) => node.id !== roomId)
    if (team?.channels) team.channels.nodes = team.channels.nodes.filter(({ id, isPrivate }: State) => id !== roomId || !isPrivate)
  },
}

/** And to `{ viewer { sessions { id } } }`. */
export const accountRules: Rules = {
  ViewerUpdated({ viewer }, event) {
    viewer.sessions = event.viewer.sessions
  },
  SessionEnded({ viewer }, { sessionId }) {
    viewer.sessions = viewer.sessions.filter(({ id }: { id: string }) => id !== sessionId)
  },
}
