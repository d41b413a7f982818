// The same rows through graphql-js as it comes: nothing to load, nobody to ask, one document, parsed once.
import { buildSchema, type ExecutionResult, execute, parse, print } from 'graphql'
import { NewestPageDocument } from '../../test/support/generated/documents.ts'
import { serve } from './serve.ts'

const schema = buildSchema(`
  scalar DateTime
  type User { id: ID! handle: String! name: String! }
  type ReactionGroup { emoji: String! count: Int! viewerReacted: Boolean! }
  type Message {
    id: ID! seq: Int! content: String! createdAt: DateTime! editedAt: DateTime deletedAt: DateTime
    sender: User! replyTo: Message reactions: [ReactionGroup!]!
  }
  type MessageEdge { cursor: String! node: Message! }
  type PageInfo { hasPreviousPage: Boolean! startCursor: String }
  type MessageConnection { edges: [MessageEdge!]! pageInfo: PageInfo! }
  type Room { messages(last: Int!): MessageConnection! }
  type Query { room(id: ID!): Room }
`)
const document = parse(print(NewestPageDocument))
const variableValues = { roomId: 'known already', last: 50 }

serve(({ data }) => JSON.stringify(execute({ schema, document, rootValue: data, variableValues }) as ExecutionResult))
