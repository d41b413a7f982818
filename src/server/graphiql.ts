import type { GraphiQLOptions } from 'graphql-yoga'

/** The first minutes with Parley, one tab after the other. */
const tabs = [
  {
    query: `# Welcome to Parley. The tabs above are your first minutes: run them from left to right.
#
# 1. Sign up. Run this one, and copy the accessToken of the answer.
# 2. In each of the other tabs, open "Headers" below the editor and put the token in the place of the dots:
#      {"authorization": "Bearer ..."}
#    It is good for 15 minutes. Then: mutation { refreshSession(input: { refreshToken: "..." }) { accessToken refreshToken } }
mutation SignUp {
  signUp(input: { handle: "ada", name: "Ada", password: "correct horse battery" }) {
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
    query: `# A room. Copy its id into the variables of the next two tabs.
mutation CreateRoom($input: CreateGroupRoomInput!) {
  createGroupRoom(input: $input) {
  room {
    id
    name
    memberCount
  }
  }
}
`,
    variables: pretty({ input: { name: 'First room', memberIds: [] } }),
    headers: bearer(),
  },
  {
    query: `# Start this one, leave it running, and say something in the next tab. It runs over a WebSocket.
# The cursor is where you stand: give the last one as "after", and nothing is missed and nothing comes twice.
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
    variables: pretty({ roomId: 'the id of the room' }),
    headers: bearer(),
  },
  {
    query: `# Say something. With a nonce it may be sent again when the answer was lost: it is said once.
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
    variables: pretty({ input: { roomId: 'the id of the room', content: 'Hello!' } }),
    headers: bearer(),
  },
]

/** GraphiQL as it opens for the first time. Of the first tab it shows the default query instead, and no variables. */
export const graphiql: GraphiQLOptions = {
  title: 'Parley',
  subscriptionsProtocol: 'WS',
  shouldPersistHeaders: true,
  defaultEditorToolsVisibility: 'variables',
  defaultTabs: tabs,
  defaultQuery: tabs[0]!.query,
}

function pretty(variables: object): string {
  return JSON.stringify(variables, null, 2)
}

function bearer(): string {
  return pretty({ authorization: 'Bearer ...' })
}
