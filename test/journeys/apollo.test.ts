import { type ApolloClient, CombinedGraphQLErrors } from '@apollo/client'
import { createApollo, followRoom, sendMessage } from '../../docs/examples/apollo.ts'
import {
  AddReactionDocument,
  MeDocument,
  OlderMessagesDocument,
  RoomDocument,
  SignInDocument,
} from '../../docs/examples/generated/documents.ts'
import { createSession } from '../../docs/examples/session.ts'
import { until } from '../support/until.ts'
import { travelWith, type View } from './room-view.ts'
import type { Room } from './shown.ts'

travelWith('Apollo Client 4', (url, { fetch, socket }) => {
  const session = createSession({ url, fetch, socket })
  const client = createApollo(session)
  return {
    async signIn(input) {
      const { data } = await client.mutate({ mutation: SignInDocument, variables: { input } })
      session.keep(data!.signIn)
    },
    open: (roomId) => openRoom(client, roomId),
    startOver: () => client.resetStore(),
    // While it is connecting, what it waits for may fail.
    close: () => Promise.resolve(session.sockets.dispose()).catch(() => {}),
  }
})

async function openRoom(client: ApolloClient, roomId: string): Promise<View> {
  await client.query({ query: MeDocument })
  const states: Room[] = []
  const room = client.watchQuery({ query: RoomDocument, variables: { roomId } })
  room.subscribe(({ data, dataState }) => void (dataState === 'complete' && states.push(data.room!)))
  const { cursor } = await until(() => states.at(-1))
  const ended = new Promise<unknown>((resolve) => {
    followRoom(client, roomId, cursor, (error) => resolve(CombinedGraphQLErrors.is(error) ? error.errors[0]!.extensions?.code : error))
  })
  return {
    states,
    ended,
    async older() {
      const before = states.at(-1)!.messages.pageInfo.startCursor!
      await room.fetchMore({ query: OlderMessagesDocument, variables: { roomId, before } })
    },
    async send(content, nonce) {
      await sendMessage(client, roomId, content, nonce)
    },
    async react(messageId, emoji) {
      await client.mutate({ mutation: AddReactionDocument, variables: { input: { messageId, emoji } } })
    },
  }
}
