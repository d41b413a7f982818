import SchemaBuilder from '@pothos/core'
import PrismaPlugin from '@pothos/plugin-prisma'
import RelayPlugin from '@pothos/plugin-relay'
import ScopeAuthPlugin from '@pothos/plugin-scope-auth'
import { Refusal } from '../lib/refusal.ts'
import type PrismaTypes from '../store/generated/pothos.ts'
import { getDatamodel } from '../store/generated/pothos.ts'
import type { Context } from './context.ts'
import { decodeId, encodeId } from './ids.ts'

/** What the schema is built with. It knows no types: each noun's `schema.ts` adds its own. */
export const builder = new SchemaBuilder<{
  Context: Context
  PrismaTypes: PrismaTypes
  DefaultFieldNullability: false
  DefaultEdgesNullability: false
  DefaultNodeNullability: false
  Scalars: {
    ID: { Input: string; Output: string }
    DateTime: { Input: Date; Output: Date }
    Cursor: { Input: string; Output: string }
    URL: { Input: string; Output: string }
    JSON: { Input: unknown; Output: unknown }
  }
  Connection: { totalCount?: () => Promise<number | null> }
}>({
  plugins: [ScopeAuthPlugin, RelayPlugin, PrismaPlugin],
  defaultFieldNullability: false,
  prisma: {
    // Rows are read by loaders, which are handed the database; the plugin gives the types and never queries by itself.
    client: () => {
      throw new Error('Read rows through a loader or a query of the noun.')
    },
    dmmf: getDatamodel(),
  },
  relay: {
    encodeGlobalID: (typename, id) => encodeId(typename, id),
    decodeGlobalID: (id) => decodeId(id),
    cursorType: 'String',
    edgesFieldOptions: { nullable: false, description: 'The objects of this page, each with its place in the list.' },
    nodeFieldOptions: { nullable: false, description: 'The object.' },
    nodesOnConnection: { description: 'The objects of this page.' },
    cursorFieldOptions: { description: 'Its place in the list: for `after` and `before`.' },
    pageInfoFieldOptions: { description: 'Where this page lies, and whether there are more.' },
    firstArgOptions: { description: 'So many from the beginning, or from `after`; at most 100.' },
    afterArgOptions: { description: 'Only what comes after the object with this cursor.' },
    lastArgOptions: { description: 'So many from the end, or before `before`; at most 100.' },
    beforeArgOptions: { description: 'Only what comes before the object with this cursor.' },
    nodeTypeOptions: { description: 'Any object that has an id and can be read by it.' },
    idFieldOptions: { description: 'The id of this object, unlike that of any other. Opaque.' },
    pageInfoTypeOptions: { description: 'Where a page lies in its list.' },
    hasNextPageFieldOptions: { description: 'Whether more come after it, as far as that is known without asking.' },
    hasPreviousPageFieldOptions: { description: 'Whether more come before it, as far as that is known without asking.' },
    startCursorFieldOptions: { description: 'The place of its first object.' },
    endCursorFieldOptions: { description: 'The place of its last object: give it as `after`, and the next page comes.' },
    nodeQueryOptions: false,
    nodesQueryOptions: false,
  },
  scopeAuth: {
    authScopes: () => ({}),
    // On the type, not on the field that leads to it: there is no way to an object around its rule.
    runScopesOnType: true,
    unauthorizedError: () => new Refusal('NOT_FOUND', 'There is no such object, or you may not see it.'),
  },
})

builder.globalConnectionField('totalCount', (t) =>
  t.int({
    nullable: true,
    description: 'How many there are in all; null above 10,000.',
    resolve: ({ totalCount }) => totalCount?.() ?? null,
  }),
)

builder.queryType({ description: 'Reading.' })
builder.mutationType({ description: 'Writing. Every mutation is `verbNoun(input): VerbNounPayload`, and its payload holds what changed.' })
builder.subscriptionType({
  description:
    'Following. What takes an `after` says where it stands, and can be taken up again from there. What passes (`typing`, `presence`) tells first what holds, then what changes.',
})
