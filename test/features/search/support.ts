import type { APerson } from '../../support/domain.ts'
import type { ARoom } from '../../support/rooms.ts'

export interface SearchArguments {
  readonly roomId?: string
  readonly senderId?: string
  readonly from?: string
  readonly to?: string
  readonly first?: number
  readonly after?: string | null
}

export interface Found {
  readonly contents: string[]
  readonly highlights: string[][]
  readonly pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null }
}

const parameters = '$query: String!, $roomId: ID, $senderId: ID, $from: DateTime, $to: DateTime, $first: Int, $after: String'
const given = 'query: $query, roomId: $roomId, senderId: $senderId, from: $from, to: $to, first: $first, after: $after'
export const searchDocument = `query (${parameters}) { searchMessages(${given}) {
  edges { cursor node { id content room { id } } highlights } nodes { id }
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`

interface Answer {
  readonly searchMessages: {
    readonly edges: { cursor: string; node: { id: string; content: string }; highlights: string[] }[]
    readonly nodes: { id: string }[]
    readonly pageInfo: Found['pageInfo']
  }
}

/** What somebody finds; what was refused is thrown. */
export async function find(person: APerson, query: string, args: SearchArguments = {}): Promise<Found> {
  const { data, errors } = await person.run<Answer>(searchDocument, { query, ...args })
  if (errors) throw errors[0]
  const { edges, nodes, pageInfo } = data!.searchMessages
  if (edges.map(({ node }) => node.id).join() !== nodes.map(({ id }) => id).join()) throw new Error('Edges and nodes differ.')
  return { contents: edges.map(({ node }) => node.content), highlights: edges.map(({ highlights }) => highlights), pageInfo }
}

/** Says it as anybody would; answers the message's id. */
export async function say(person: APerson, room: ARoom, content: string, more: object = {}): Promise<string> {
  const { data, errors } = await person.run<{ sendMessage: { message: { id: string } } }>(
    'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id } } }',
    { input: { roomId: room.globalId, content, ...more } },
  )
  if (errors) throw errors[0]
  return data!.sendMessage.message.id
}

/** A mutation with an input of one's own; what was refused is thrown. */
export async function write(person: APerson, mutation: string, input: object): Promise<void> {
  const type = `${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input`
  const { errors } = await person.run(`mutation ($input: ${type}!) { ${mutation}(input: $input) { __typename } }`, { input })
  if (errors) throw errors[0]
}
