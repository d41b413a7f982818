import type { APerson } from '../../support/domain.ts'

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
