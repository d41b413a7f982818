// TOKEN=… npx tsx docs/examples/follow.ts ROOM_ID CURSOR
import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import { resume } from './resume.ts'

const [roomId, after] = process.argv.slice(2)

const client = createClient({
  url: process.env.URL ?? 'ws://localhost:4000/graphql',
  // Asked anew for every connection: the place to refresh the session when the access token is about to expire.
  connectionParams: () => ({ authorization: `Bearer ${process.env.TOKEN}` }),
  // Stock clients give up after five attempts in a row.
  retryAttempts: Number.POSITIVE_INFINITY,
  // And at once when the connection is refused, as by a server that is just restarting.
  shouldRetry: () => true,
  // And wait twice as long each time, without an end.
  retryWait: (attempts) => new Promise((resolve) => setTimeout(resolve, Math.min(500 * 2 ** attempts, 15_000) * (1 + Math.random()))),
  // Browsers, and Node from 22, have one of their own.
  webSocketImpl: WebSocket,
})

const query = `subscription ($roomId: ID!, $after: Cursor) {
  roomEvents(roomId: $roomId, after: $after) {
    __typename
    cursor
    seq
    ... on MessageAdded { message { id content sender { name } } }
  }
}`

resume<{ roomEvents: object }>(
  client,
  { query, variables: { roomId, after } },
  {
    next: ({ data }) => console.log(data?.roomEvents),
    // For good: NOT_FOUND when access is lost, CURSOR_EXPIRED when the room has to be read again.
    error: (reason) => console.error(reason),
    complete: () => {},
  },
)
