import type { Context } from '../../graphql/context.ts'
import { rowId } from '../../graphql/ids.ts'
import { countedOrNull, makePage, type Page, type PageArguments, readPage } from '../../graphql/paging.ts'
import { badInput, notFound } from '../../lib/refusal.ts'
import { bySeq, type MessageList, type MessageRow, messageCount, messageRows, readMessagesAround } from './queries.ts'

export interface MessagePageArguments extends PageArguments {
  readonly around?: string | null | undefined
}

/** A page of a list of messages: one statement, and one more if somebody asks how many there are. */
export async function pageOfMessages({ services, loaders }: Context, list: MessageList, args: MessagePageArguments) {
  const { extent, id } = list
  const page = args.around == null ? await readBetween() : await readAround(args.around)
  return { ...page, totalCount: async () => countedOrNull((await loaders.load(messageCount, { id, asked: extent })) ?? 0) }

  async function readBetween(): Promise<Page<MessageRow>> {
    const request = readPage(args, bySeq, services.limits)
    return makePage((await loaders.load(messageRows, { id, asked: { extent, request } })) ?? [], request, bySeq)
  }

  async function readAround(around: string): Promise<Page<MessageRow>> {
    const other = (['first', 'after', 'last', 'before'] as const).find((name) => args[name] != null)
    if (other) throw badInput(other, 'Either around or this, not both.')
    const messageId = rowId(around, 'Message', 'around')
    const page = await readMessagesAround(services.database, list, messageId, services.limits.pageDefault)
    if (!page) throw notFound('message')
    return page
  }
}
