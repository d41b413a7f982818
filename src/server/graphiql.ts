import { renderGraphiQL } from '@graphql-yoga/render-graphiql'
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

export const graphiql: GraphiQLOptions = {
  title: 'Parley',
  subscriptionsProtocol: 'WS',
  shouldPersistHeaders: true,
  defaultEditorToolsVisibility: 'variables',
  defaultTabs: tabs,
}

/**
 * The page, without anything from elsewhere. It shows what its address says in place of the first tab, and where that says nothing a greeting
 * of its own: so the address is made to say what the tab holds, or what it held when it was last open.
 */
export function renderPage(options?: GraphiQLOptions): string {
  const script = `<script>(() => {
    const address = new URL(location.href)
    if (address.searchParams.has('query')) return
    let query = ${JSON.stringify(tabs[0]!.query)}
    try {
      const { tabs, activeTabIndex } = JSON.parse(localStorage.getItem('graphiql:tabState'))
      query = tabs[activeTabIndex].query || query
    } catch {}
    address.searchParams.set('query', query)
    history.replaceState({}, '', address)
  })()</script>`
  return renderGraphiQL(options).replace('<div id="root"></div>', (root) => root + script)
}

function pretty(variables: object): string {
  return JSON.stringify(variables, null, 2)
}

function bearer(): string {
  return pretty({ authorization: 'Bearer ...' })
}
