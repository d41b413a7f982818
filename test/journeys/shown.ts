import { OlderMessagesDocument, RoomDocument, type RoomQuery } from '../../docs/examples/generated/documents.ts'
import { ask } from '../support/client.ts'
import { orThrow, type Person } from './person.ts'

/** A room as a client's cache has it. */
export type Room = NonNullable<RoomQuery['room']>

/** What a view makes of it. */
export interface Shown extends Pick<Room, 'name' | 'topic'> {
  readonly members: Room['members']['nodes']
  readonly messages: Room['messages']['edges'][number]['node'][]
}

export function shownOf({ name, topic, members, messages }: Room): Shown {
  const shown = { name, topic, members: members.nodes, messages: messages.edges.map(({ node }) => node) }
  // Only caches ask for it.
  return JSON.parse(JSON.stringify(shown, (key, value) => (key === '__typename' ? undefined : value)))
}

export function contentsOf({ messages }: Room): string[] {
  return messages.edges.map(({ node }) => node.content)
}

/** The same, past all caches: every page from the network. */
export async function readAnew({ url, credentials }: Person, roomId: string): Promise<Shown> {
  const { room } = orThrow(await ask(url, RoomDocument, { roomId }, credentials))
  const { edges, pageInfo } = room!.messages
  for (let { hasPreviousPage, startCursor } = pageInfo; hasPreviousPage; ) {
    const older = orThrow(await ask(url, OlderMessagesDocument, { roomId, before: startCursor! }, credentials)).room!.messages
    edges.unshift(...older.edges)
    hasPreviousPage = older.pageInfo.hasPreviousPage
    startCursor = older.pageInfo.startCursor
  }
  return shownOf(room!)
}
