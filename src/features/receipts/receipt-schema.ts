import { builder } from '../../graphql/builder.ts'
import type { Context } from '../../graphql/context.ts'
import type { FieldExtensions } from '../../graphql/cost.ts'
import { keysetByMoment } from '../../graphql/moments.ts'
import { makePage, readPage } from '../../graphql/paging.ts'
import { userById } from '../accounts/queries.ts'
import { User } from '../accounts/schema.ts'
import type { MessageRow } from '../messages/queries.ts'
import { Message } from '../messages/schema.ts'
import { type ReceiptRow, receiptCount, receiptRows } from './queries.ts'

const ReadReceipt = builder.objectRef<ReceiptRow>('ReadReceipt').implement({
  description: 'Somebody has read a message.',
  fields: (t) => ({
    user: t.field({ type: User, description: 'Who.', resolve: async ({ id }, _args, { loaders }) => (await loaders.load(userById, id))! }),
    at: t.expose('at', { type: 'DateTime', description: 'When their mark first reached it.' }),
  }),
})

const ReadReceiptEdge = builder.edgeObject({
  type: ReadReceipt,
  name: 'ReadReceiptEdge',
  description: 'Somebody who has read a message, in their place in the list.',
})

const ReadReceiptConnection = builder.connectionObject(
  { type: ReadReceipt, name: 'ReadReceiptConnection', description: 'A page of those who have read a message.' },
  ReadReceiptEdge,
)

builder.objectField(Message, 'readBy', (t) =>
  t.field({
    type: ReadReceiptConnection,
    description:
      'Who of the members has read it, but for its sender, and when their mark first reached it or what came later; who read it first comes first. Kept for 30 days: empty for older messages. Empty in rooms of more than 100.',
    args: {
      first: t.arg.int({ description: 'So many people, at most 100.' }),
      after: t.arg.string({ description: 'The cursor of the last one of the page before.' }),
    },
    // All members of the room are looked at for each page.
    extensions: { weighs: 10 } satisfies FieldExtensions,
    resolve: pageOfReceipts,
  }),
)

const keyset = keysetByMoment<ReceiptRow>(({ at }) => at)

/** Of a whole page of messages in one statement, and one more if somebody asks how many there are. */
async function pageOfReceipts(
  { id }: MessageRow,
  args: { readonly first?: number | null | undefined; readonly after?: string | null | undefined },
  { services, loaders }: Context,
) {
  const { limits } = services
  const request = readPage(args, keyset, limits)
  const shown = { mostMembers: limits.readMarksMembers, days: limits.logDays }
  const rows = (await loaders.load(receiptRows, { id, asked: { ...shown, request } })) ?? []
  return {
    ...makePage(rows, request, keyset),
    totalCount: async () => (await loaders.load(receiptCount, { id, asked: shown })) ?? 0,
  }
}
