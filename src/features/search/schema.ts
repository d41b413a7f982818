import { builder } from '../../graphql/builder.ts'
import { type Context, takeCharacters } from '../../graphql/context.ts'
import { decodeId } from '../../graphql/ids.ts'
import { keysetByMoment } from '../../graphql/moments.ts'
import { makePage, type Page, readPage } from '../../graphql/paging.ts'
import { badInput } from '../../lib/refusal.ts'
import { requireText } from '../../lib/text.ts'
import { type MessageRow, messageById } from '../messages/queries.ts'
import { Message } from '../messages/schema.ts'
import { canSeeRoom, requireRoom, requireRoomId } from '../rooms/access.ts'
import { highlightsOf } from './highlights.ts'
import { readFound } from './queries.ts'
import { conditionOf, type Term, termsOf } from './tokens.ts'

interface FoundEdge {
  readonly cursor: string
  readonly node: MessageRow
  /** Looked for once, by however many names they are asked for. */
  readonly highlights: () => readonly string[]
}

interface FoundPage extends Page<MessageRow> {
  readonly edges: FoundEdge[]
}

const MessageSearchEdge = builder.objectRef<FoundEdge>('MessageSearchEdge').implement({
  description: 'A message that a search has found.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', { description: 'Its place among what was found: for `after`.' }),
    node: t.field({ type: Message, description: 'The message.', resolve: ({ node }) => node }),
    highlights: t.stringList({
      description:
        'The parts of its content where it was found, three at most, with some words around; … stands where the content goes on. What was found is between U+E000 and U+E001: nothing else is to be shown differently.',
      resolve: ({ highlights }, _args, context) => highlights().map((text) => takeCharacters(context, text)),
    }),
  }),
})

const MessageSearchConnection = builder.objectRef<FoundPage>('MessageSearchConnection').implement({
  description: 'A page of what a search has found, newest first.',
  fields: (t) => ({
    edges: t.field({
      type: [MessageSearchEdge],
      description: 'The messages of this page, each with its place and with where it was found.',
      resolve: ({ edges }) => edges,
    }),
    nodes: t.field({ type: [Message], description: 'The messages of this page.', resolve: ({ edges }) => edges.map(({ node }) => node) }),
    pageInfo: t.field({
      type: builder.pageInfoRef(),
      description: 'Where this page lies, and whether there are more.',
      resolve: ({ pageInfo }) => pageInfo,
    }),
  }),
})

builder.queryField('searchMessages', (t) =>
  t.field({
    type: MessageSearchConnection,
    description:
      'Messages that have all words of the query, newest first, in the rooms that the viewer sees, archived ones and threads too. Words are found by how they begin, in whatever case and with or without accents; in Chinese, Japanese, Korean, Thai and the like any two neighbouring characters are. What was deleted, or edited away, is not found, nor what a room says of itself.',
    args: {
      query: t.arg.string({
        required: true,
        description: 'The words, and emoji: at most 200 characters. Everything else, operators too, only parts them.',
      }),
      roomId: t.arg.id({ description: 'The id of a room: only what was said there.' }),
      senderId: t.arg.id({ description: 'The id of a person: only what they have said.' }),
      from: t.arg({ type: 'DateTime', description: 'Only what was said at this time or later.' }),
      to: t.arg({ type: 'DateTime', description: 'Only what was said before this time.' }),
      first: t.arg.int({ description: 'So many from the newest, or from `after`; at most 100.' }),
      after: t.arg.string({ description: 'Only what comes after the message with this cursor: what was said earlier.' }),
    },
    resolve: (_root, args, context) => search(context, args),
  }),
)

interface SearchArguments {
  readonly query: string
  readonly roomId?: string | null | undefined
  readonly senderId?: string | null | undefined
  readonly from?: Date | null | undefined
  readonly to?: Date | null | undefined
  readonly first?: number | null | undefined
  readonly after?: string | null | undefined
}

async function search(context: Context, args: SearchArguments): Promise<FoundPage> {
  const { services, loaders } = context
  const { limits, database } = services
  const viewerId = context.actor.id('to search what they may see')
  requireText(args.query, { field: 'query', most: limits.searchCharacters })
  const { from, to } = { from: args.from ?? undefined, to: args.to ?? undefined }
  if (from && to && from > to) throw badInput('from', 'This is after `to`: nothing was said in between.')
  const request = readPage({ first: args.first, after: args.after }, byTime, limits)
  const sender = args.senderId == null ? undefined : decodeId(args.senderId, 'senderId')
  const roomId = args.roomId == null ? undefined : await requireRoomId(context, args.roomId, 'roomId')
  if (roomId !== undefined) await requireRoom(context, roomId)
  await services.rates.spend('search', viewerId)

  const terms = termsOf(args.query)
  const findsNothing = terms.length === 0 || (sender !== undefined && sender.typename !== 'User')
  const wanted = { viewerId, condition: conditionOf(terms, sender?.id), roomId, from, to }
  const rows = findsNothing ? [] : await readFound(database.sql, wanted, request.after, request.size + 1)
  const page = makePage(rows, request, byTime)
  // Whoever is removed from a room just now loses what was found there, and not all of the page.
  const seen = await Promise.all(page.edges.map(({ node }) => canSeeRoom(context, node.roomId)))
  const edges = page.edges.filter((_edge, index) => seen[index])
  for (const { node } of edges) loaders.prime(messageById, node.id, node)
  return { ...page, edges: edges.map((edge) => ({ ...edge, highlights: once(() => highlightsIn(edge.node, terms, context)) })) }
}

/** What is looked through is counted as what is shown: a page of long messages takes a moment, and an operation may ask for many. */
function highlightsIn({ content }: MessageRow, terms: readonly Term[], context: Context): readonly string[] {
  return highlightsOf(takeCharacters(context, content), terms)
}

function once<Result>(work: () => Result): () => Result {
  let done: { readonly result: Result } | undefined
  return () => {
    done ??= { result: work() }
    return done.result
  }
}

/** The newest first. A message keeps its place, whatever becomes of it and of others. */
const byTime = keysetByMoment<MessageRow>(({ createdAt }) => createdAt)
