import { buildSchema, type ExecutionResult, type GraphQLError, getIntrospectionQuery } from 'graphql'
import { describe, expect, it } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { Nobody } from '../../src/graphql/actor.ts'
import { noBudget } from '../../src/graphql/budget.ts'
import { createContext, type Services } from '../../src/graphql/context.ts'
import { createMask } from '../../src/graphql/errors.ts'
import { createOperations, isOperation, type OperationRequest } from '../../src/graphql/operations.ts'
import { conflict } from '../../src/lib/refusal.ts'

const schema = buildSchema(/* GraphQL */ `
  scalar Nonce
  interface Room { id: ID! messages(first: Int, last: Int): MessageConnection! tags: [Tag!]! }
  type Group implements Room { id: ID! messages(first: Int, last: Int): MessageConnection! tags: [Tag!]! owner: Person }
  type Direct implements Room { id: ID! messages(first: Int, last: Int): MessageConnection! tags: [Tag!]! peer: Person }
  type Tag { name: String }
  type Person { id: ID! rooms(first: Int): RoomConnection! }
  type RoomConnection { edges: [RoomEdge!]! nodes: [Room!]! }
  type RoomEdge { node: Room! }
  type MessageConnection { edges: [MessageEdge!]! nodes: [Message!]! }
  type MessageEdge { node: Message! }
  type Message { id: ID! content: String sender: Person! room: Room! }
  type Query { me: Person nodes(ids: [ID!]!): [Message] count(n: Int, nonce: Nonce): Int! people(first: Int = 20): [Person!]! broken: Int! refused: Int! wrong: Int! }
  type Mutation { count: Int }
`)
const { limits } = readConfig({})
const reports: { id: string; error: unknown }[] = []
const operations = createOperations(
  schema,
  limits,
  createMask((id, error) => reports.push({ id, error })),
  noBudget,
)

function codes(request: OperationRequest | string): unknown[] {
  const prepared = operations.prepare(typeof request === 'string' ? { query: request } : request)
  return isOperation(prepared) ? [] : prepared.map(({ extensions }) => extensions.code)
}

const fields = Object.entries(schema.getQueryType()?.getFields() ?? {})
const resolvers: Record<string, () => unknown> = {
  broken: () => {
    throw new Error('password of the database: hunter2')
  },
  refused: () => {
    throw conflict('That was another message.', 'nonce')
  },
  wrong: () => 'no number',
  count: () => 1,
}
for (const [name, field] of fields) if (resolvers[name]) field.resolve = resolvers[name]

async function run(request: OperationRequest): Promise<ExecutionResult & { errors?: readonly GraphQLError[] }> {
  const prepared = operations.prepare(request)
  if (!isOperation(prepared)) throw new Error(prepared.join('\n'))
  return operations.run(prepared, createContext({} as Services, new Nobody()))
}

describe('what a document may be', () => {
  it('calls a syntax error and an unknown field bad input, and says where they are', () => {
    const [syntax] = operations.prepare({ query: '{ me { id }' }) as GraphQLError[]
    expect(syntax).toMatchObject({ extensions: { code: 'BAD_USER_INPUT' }, locations: [{ line: 1, column: 12 }] })
    const [unknown] = operations.prepare({ query: '{ me { idd } }' }) as GraphQLError[]
    expect(unknown?.toJSON()).toMatchObject({ extensions: { code: 'BAD_USER_INPUT' }, locations: [{ line: 1, column: 8 }] })
  })

  it('finds the operation by its name, and says when it cannot', () => {
    const query = 'query one { me { id } } mutation two { count }'
    expect(operations.prepare({ query, operationName: 'two' })).toMatchObject({ kind: 'mutation' })
    expect(codes({ query })).toEqual(['BAD_USER_INPUT'])
    expect(codes({ query, operationName: 'three' })).toEqual(['BAD_USER_INPUT'])
    expect(codes('fragment lonely on Person { id }')).not.toEqual([])
  })

  it('refuses one level too many, also when fragments hide it', () => {
    const nested = (levels: number) =>
      `{ me { ${'rooms { nodes { messages { nodes { sender { '.repeat(levels)} id ${'} } } } }'.repeat(levels)} } }`
    // A connection of 1 keeps the cost small: here only the depth counts.
    const small = (levels: number) => nested(levels).replaceAll('rooms', 'rooms(first: 1)').replaceAll('messages', 'messages(first: 1)')
    expect(codes(small(2))).toEqual([])
    expect(codes(small(3))).toEqual(['QUERY_TOO_COMPLEX'])
    const hidden = small(3).replace('me {', 'me { ...f } } fragment f on Person {').replace(/} }$/, '}')
    expect(codes(hidden)).toEqual(['QUERY_TOO_COMPLEX'])
  })

  it('is not led in circles by fragments', () => {
    expect(codes('{ me { ...a } } fragment a on Person { id ...b } fragment b on Person { id ...a }')).toEqual(['BAD_USER_INPUT'])
  })

  it('refuses one alias too many', () => {
    const aliases = (count: number) => `{ ${Array.from({ length: count }, (_, n) => `a${n}: count`).join(' ')} }`
    expect(codes(aliases(limits.queryAliases))).toEqual([])
    expect(codes(aliases(limits.queryAliases + 1))).toEqual(['QUERY_TOO_COMPLEX'])
  })

  it('stops reading after so many tokens', () => {
    const ids = (tokens: number) => `{ nodes(ids: [${'"a" '.repeat(tokens - 12)}]) { id } }`
    expect(codes(ids(limits.queryTokens))).toEqual([])
    expect(codes(ids(limits.queryTokens + 1))).toEqual(['QUERY_TOO_COMPLEX'])
  })

  it('does not compare fields with each other without end', () => {
    const start = performance.now()
    for (const field of ['count ', 'me { id } ', 'me { rooms { nodes { id } } } '])
      for (const inside of [field, `...on Query { ${field} } `]) {
        const times = Math.floor(limits.queryTokens / inside.split(' ').length) - 1
        expect(codes(`{ ${inside.repeat(times)} }`)).toEqual(['QUERY_TOO_COMPLEX'])
      }
    expect(codes(`{ me { ${'id '.repeat(100)} } }`)).toEqual([])
    expect(performance.now() - start).toBeLessThan(1000)
  })

  it("lets the tools' introspection pass, and not what unfolds without end", () => {
    const options = {
      descriptions: true,
      specifiedByUrl: true,
      directiveIsRepeatable: true,
      schemaDescription: true,
      inputValueDeprecation: true,
    }
    expect(codes(getIntrospectionQuery(options))).toEqual([])
    const deep = `{ __schema { types { ${'ofType { '.repeat(20)} name ${'} '.repeat(20)} } } }`
    expect(codes(deep)).toEqual(['QUERY_TOO_COMPLEX'])
    expect(codes('{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }')).not.toEqual([])
  })
})

it('documents are remembered, but not so many tokens of them that they fill the memory', () => {
  const document = (text: string) => {
    const prepared = operations.prepare({ query: text })
    return isOperation(prepared) ? prepared.document : undefined
  }
  const first = document('{ me { id } }')
  expect(document('{ me { id } }')).toBe(first)
  for (let n = 0; n < 60; n++) document(`{ nodes(ids: [${`"${n}" `.repeat(1900)}]) { id } }`)
  expect(document('{ me { id } }')).not.toBe(first)
})

describe('what an answer may hold', () => {
  const cost = (request: OperationRequest | string, queryCost: number) => {
    const bounded = createOperations(
      schema,
      { ...limits, queryCost },
      createMask(() => {}),
      noBudget,
    )
    return isOperation(bounded.prepare(typeof request === 'string' ? { query: request } : request))
  }
  const costs = (request: OperationRequest | string, exactly: number) => cost(request, exactly) && !cost(request, exactly - 1)

  it('counts the objects: a page by its size, with edges and nodes', () => {
    expect(costs('{ me { id } }', 1)).toBe(true)
    expect(costs('{ me { rooms(first: 10) { nodes { id } } } }', 1 + 1 + 10)).toBe(true)
    expect(costs('{ me { rooms(first: 10) { edges { node { id } } } } }', 1 + 1 + 20)).toBe(true)
    expect(costs('{ me { rooms { nodes { id } } } }', 1 + 1 + limits.pageDefault)).toBe(true)
  })

  it('counts a list by its own first, or by what the field says when nothing is asked', () => {
    expect(costs('{ people { id } }', 20)).toBe(true)
    expect(costs('{ people(first: 70) { id } }', 70)).toBe(true)
  })

  it('counts a value again for each other name it is asked by', () => {
    expect(costs('{ me { rooms(first: 10) { nodes { id } } } }', 2 + 10)).toBe(true)
    expect(costs('{ me { rooms(first: 10) { nodes { id a: id ... on Group { b: id } } } } }', 2 + 10 * 3)).toBe(true)
  })

  it('multiplies pages within pages, through fragments too', () => {
    expect(
      costs('{ me { rooms(first: 10) { nodes { messages(last: 20) { nodes { sender { id } } } } } } }', 2 + 10 * (1 + 1 + 20 * 2)),
    ).toBe(true)
    const fragments =
      '{ me { rooms(first: 10) { ...r } } } fragment r on RoomConnection { nodes { ...m } } fragment m on Room { messages(last: 20) { nodes { sender { id } } } }'
    expect(costs(fragments, 2 + 10 * (1 + 1 + 20 * 2))).toBe(true)
  })

  it('counts the dearest type of an interface, not all of them', () => {
    const query = '{ me { rooms(first: 10) { nodes { ... on Group { owner { id } tags { name } } ... on Direct { peer { id } } } } } }'
    expect(costs(query, 2 + 10 * (1 + 1 + 10))).toBe(true)
  })

  it('reads sizes from variables and their defaults, anew for each request', () => {
    const query = 'query ($n: Int = 5) { me { rooms(first: $n) { nodes { id } } } }'
    expect(costs({ query }, 2 + 5)).toBe(true)
    expect(costs({ query, variables: { n: 60 } }, 2 + 60)).toBe(true)
    expect(costs({ query, variables: { n: 3 } }, 2 + 3)).toBe(true)
    expect(costs({ query, variables: { n: 1e9 } }, 2 + limits.pageMost)).toBe(true)
    expect(costs({ query: 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', variables: { ids: ['a', 'b', 'c'] } }, 3)).toBe(true)
  })

  it('refuses what is too dear, at once, however it unfolds', () => {
    expect(codes('{ me { rooms(first: 100) { nodes { messages(first: 100) { nodes { id } } } } } }')).toEqual(['QUERY_TOO_COMPLEX'])
    const fragments = Array.from({ length: 100 }, (_, n) => `fragment f${n} on Person { ...f${n + 1} ...f${n + 1} }`)
    const start = performance.now()
    expect(codes(`{ me { ...f0 } } ${fragments.join(' ')} fragment f100 on Person { id }`)).toEqual([])
    expect(performance.now() - start).toBeLessThan(1000)
  })
})

describe('what is shown of a failure', () => {
  it('shows a refusal with its code, its field and its path', async () => {
    const { errors } = await run({ query: '{ refused }' })
    expect(errors?.[0]?.toJSON()).toMatchObject({
      message: 'That was another message.',
      path: ['refused'],
      extensions: { code: 'CONFLICT', field: 'nonce' },
    })
    expect(errors?.[0]?.originalError).toBeUndefined()
  })

  it('masks what was not foreseen, and tells the operator once', async () => {
    reports.length = 0
    const result = await run({ query: '{ broken }' })
    expect(JSON.stringify(result)).not.toContain('hunter2')
    expect(reports).toHaveLength(1)
    expect(result.errors?.[0]).toMatchObject({
      message: `Something went wrong here (id ${reports[0]?.id}).`,
      extensions: { code: 'INTERNAL_SERVER_ERROR' },
    })
    expect(String(reports[0]?.error)).toContain('hunter2')
  })

  it("masks answers that do not fit their type: that is no client's fault", async () => {
    const { errors } = await run({ query: '{ wrong }' })
    expect(errors?.[0]?.extensions.code).toBe('INTERNAL_SERVER_ERROR')
    expect(errors?.[0]?.message).not.toContain('no number')
  })

  it('calls variables and arguments that do not fit bad input', async () => {
    const given = await run({ query: 'query ($n: Int) { count(n: $n) }', variables: { n: 'many' } })
    expect(given.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT')
    expect(given.data).toBeUndefined()
    const missing = await run({ query: 'query ($n: Int!) { count(n: $n) }' })
    expect(missing.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT')
  })
})
