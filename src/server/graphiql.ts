import { renderGraphiQL } from '@graphql-yoga/render-graphiql'
import type { GraphiQLOptions } from 'graphql-yoga'
import { graphiqlScript } from './graphiql-script.ts'

/** The first minutes with Parley, one tab after the other. Lines are as short as a tab is wide. */
const tabs = [
  {
    query: `# Welcome to Parley. The tabs above are your first
# minutes: run them from left to right.
#
# <accessToken>, <roomId> and their like in the other
# tabs stand for the last ones that this page was
# answered: it puts them in when it sends. A token
# is good for 15 minutes: then use signIn, or
# refreshSession. A tab that you open is nobody's
# until it has the Headers of the second one.
mutation SignUp {
  signUp(
    input: {
      handle: "ada"
      name: "Ada"
      password: "correct horse battery"
    }
  ) {
    accessToken
    refreshToken
    viewer {
      id
      user {
        id
        handle
        name
      }
    }
  }
}
`,
  },
  {
    query: `# A room, of yourself alone to begin with. Its cursor
# is where its stream of events stands.
mutation CreateRoom($input: CreateGroupRoomInput!) {
  createGroupRoom(input: $input) {
    room {
      id
      name
      memberCount
      cursor
    }
  }
}
`,
    variables: pretty({ input: { name: 'First room', memberIds: [] } }),
    headers: bearer(),
  },
  {
    query: `# Say something. With a nonce it may be sent again
# when the answer was lost: it is said once.
mutation Say($input: SendMessageInput!) {
  sendMessage(input: $input) {
    message {
      id
      seq
      content
    }
  }
}
`,
    variables: pretty({ input: { roomId: '<roomId>', content: 'Hello!' } }),
    headers: bearer(),
  },
  {
    query: `# First comes what was said since the room began,
# then, over a WebSocket, what is said from now on:
# open this page in another window beside it, and
# say something else there. The newest is shown.
# Each event has a cursor: with the last one as
# "after", nothing is missed, nothing comes twice.
subscription Follow($roomId: ID!, $after: Cursor) {
  messageAdded(roomId: $roomId, after: $after) {
    cursor
    message {
      id
      content
      createdAt
      sender {
        name
      }
    }
  }
}
`,
    variables: pretty({ roomId: '<roomId>', after: '<cursor>' }),
    headers: bearer(),
  },
  {
    query: `# React to what you said, and read up to it: both in
# one request, one after the other. To find it again,
# ask for searchMessages(query: "hello").
mutation React(
  $reaction: AddReactionInput!
  $mark: MarkReadInput!
) {
  addReaction(input: $reaction) {
    message {
      content
      reactions {
        emoji
        count
        viewerReacted
      }
    }
  }
  markRead(input: $mark) {
    room {
      name
      unreadCount
    }
  }
}
`,
    variables: pretty({
      reaction: { messageId: '<messageId>', emoji: '👋' },
      mark: { roomId: '<roomId>', messageId: '<messageId>' },
    }),
    headers: bearer(),
  },
]

const meeting = `# Meet every week, from tomorrow on, at the same time
# by the clocks of a zone. When that is, is computed
# for the range you ask for. By its originalStart
# updateMeeting moves one occurrence, and
# cancelMeeting cancels it. joinMeeting begins a call.
# A calendar application subscribes to icsUrl.
mutation Meet(
  $input: ScheduleMeetingInput!
  $from: DateTime!
  $to: DateTime!
) {
  scheduleMeeting(input: $input) {
    meeting {
      id
      title
      status
      occurrences(from: $from, to: $to) {
        originalStart
        startsAt
        status
      }
      icsUrl
    }
  }
}
`

/** What the page shows at a time: it plans from there. */
export function graphiql(now = new Date()): GraphiQLOptions {
  const at = (days: number, time: string) => `${new Date(now.getTime() + days * day).toISOString().slice(0, 10)}T${time}Z`
  const times = { startsAt: at(1, '09:00:00'), endsAt: at(1, '09:30:00'), timeZone: 'Europe/Berlin' }
  const input = { roomId: '<roomId>', title: 'Weekly', ...times, recurrence: 'FREQ=WEEKLY' }
  const variables = pretty({ input, from: at(0, '00:00:00'), to: at(30, '00:00:00') })
  return {
    title: 'Parley',
    subscriptionsProtocol: 'WS',
    shouldPersistHeaders: true,
    defaultEditorToolsVisibility: 'variables',
    defaultTabs: [...tabs, { query: meeting, variables, headers: bearer() }],
  }
}

const day = 24 * 3_600_000

/** GraphiQL as one page, without anything from elsewhere. */
export function renderPage(options?: GraphiQLOptions): string {
  return renderGraphiQL(options).replace('<div id="root"></div>', (root) => root + graphiqlScript(tabs[0]!.query))
}

function pretty(variables: object): string {
  return JSON.stringify(variables, null, 2)
}

function bearer(): string {
  return pretty({ authorization: 'Bearer <accessToken>' })
}
