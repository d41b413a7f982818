import type { Client, OperationResult } from '@urql/core'
import {
  AddReactionDocument,
  MeDocument,
  OlderMessagesDocument,
  RoomDocument,
  SignInDocument,
} from '../../docs/examples/generated/documents.ts'
import { createSession } from '../../docs/examples/session.ts'
import { createUrql, followRoom, sendMessage } from '../../docs/examples/urql.ts'
import { until } from '../support/until.ts'
import { travelWith, type View } from './room-view.ts'
import type { Room } from './shown.ts'

travelWith('urql with Graphcache', (url, { fetch, socket }) => {
  const session = createSession({ url, fetch, socket })
  let client = createUrql(session)
  return {
    async signIn(input) {
      session.keep(answered(await client.mutation(SignInDocument, { input })).signIn)
    },
    open: (roomId) => openRoom(client, roomId),
    startOver() {
      client = createUrql(session)
    },
    // While it is connecting, what it waits for may fail.
    close: () => Promise.resolve(session.sockets.dispose()).catch(() => {}),
  }
})

async function openRoom(client: Client, roomId: string): Promise<View> {
  answered(await client.query(MeDocument, {}))
  const states: Room[] = []
  client.query(RoomDocument, { roomId }).subscribe(({ data }) => void (data?.room && states.push(data.room)))
  const { cursor } = await until(() => states.at(-1))
  const ended = new Promise<unknown>((resolve) => {
    followRoom(client, roomId, cursor, (error) => resolve(error?.graphQLErrors[0]?.extensions.code))
  })
  return {
    states,
    ended,
    async older() {
      const before = states.at(-1)!.messages.pageInfo.startCursor!
      answered(await client.query(OlderMessagesDocument, { roomId, before }))
    },
    async send(content, nonce) {
      answered(await sendMessage(client, roomId, content, nonce))
    },
    async react(messageId, emoji) {
      answered(await client.mutation(AddReactionDocument, { input: { messageId, emoji } }))
    },
  }
}

function answered<Data>({ data, error }: OperationResult<Data>): Data {
  if (error) throw error
  return data!
}
