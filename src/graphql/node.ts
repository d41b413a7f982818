import { brandWithType } from '@pothos/core'
import { badInput, unauthenticated } from '../lib/refusal.ts'
import { builder } from './builder.ts'
import type { Context } from './context.ts'
import { decodeId } from './ids.ts'

/** Reads one object of a type, for the actor: null for what is not there or not to be seen. Never throws for either. `part`: as in `Named`. */
export type ReadNode = (id: string, context: Context, part: number | undefined) => Promise<object | null>

/** Each noun says how its objects are found by id, so that `node` and `nodes` can. */
export function registerNode(typename: string, read: ReadNode): void {
  readers.set(typename, read)
}

const readers = new Map<string, ReadNode>()

async function readNode(text: string, field: string, context: Context): Promise<object | null> {
  const { typename, id, part } = decodeId(text, field)
  if (context.actor.kind === 'nobody') throw unauthenticated()
  const found = await readers.get(typename)?.(id, context, part)
  if (!found) return null
  brandWithType(found, typename as never)
  return found
}

builder.queryField('node', (t) =>
  t.field({
    type: builder.nodeInterfaceRef(),
    nullable: true,
    description: 'Any object by its id; null for what is not there or not to be seen.',
    args: { id: t.arg.id({ required: true, description: 'The id of any object.' }) },
    resolve: (_root, { id }, context) => readNode(id, 'id', context) as never,
  }),
)

builder.queryField('nodes', (t) =>
  t.field({
    type: [builder.nodeInterfaceRef()],
    nullable: { list: false, items: true },
    description: 'Many objects by their ids, in that order; null in the place of each that is not there or not to be seen.',
    args: { ids: t.arg.idList({ required: true, description: 'At most 100 ids.' }) },
    resolve(_root, { ids }, context) {
      if (context.actor.kind === 'nobody') throw unauthenticated()
      const { listMost } = context.services.limits
      if (ids.length > listMost) throw badInput('ids', `At most ${listMost} ids at once, please: these are ${ids.length}.`)
      return Promise.all(ids.map((id) => readNode(id, 'ids', context))) as never
    },
  }),
)
