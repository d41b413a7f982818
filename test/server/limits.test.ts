import { getIntrospectionQuery } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, type Operation, post, type SocketClient } from '../support/client.ts'
import { type AUser, aParley, type Parley } from '../support/parley.ts'

let parley: Parley
let ada: AUser
let socket: SocketClient
beforeAll(async () => {
  parley = await aParley()
  ada = await parley.aUser('Ada')
  socket = connect(parley.socketUrl, ada.credentials)
})
afterAll(() => socket.close())

/** Both ways in, which must agree. */
const ways = {
  'over HTTP': (operation: Operation) => post(parley.url, operation, ada.credentials),
  'over a socket': (operation: Operation) => socket.run(operation),
}

describe.each(Object.entries(ways))('%s', (_name, run) => {
  const codes = async (query: string, variables?: Record<string, unknown>) => {
    const { errors } = await run({ query, ...(variables && { variables }) })
    return errors?.map(({ extensions }) => extensions.code) ?? []
  }
  const nested = (levels: number) =>
    `{ viewer { rooms(first: 1) { nodes { ${'messages(first: 1) { nodes { room { '.repeat(levels)} id ${'} } }'.repeat(levels)} } } } }`

  it('too many levels, aliases or tokens are QUERY_TOO_COMPLEX', async () => {
    expect(await codes(nested(3))).toEqual([])
    expect(await codes(nested(4))).toEqual(['QUERY_TOO_COMPLEX'])
    expect(await codes(`{ ${Array.from({ length: 51 }, (_, n) => `a${n}: __typename`).join(' ')} }`)).toEqual(['QUERY_TOO_COMPLEX'])
    expect(await codes(`{ ${'__typename '.repeat(2001)} }`)).toEqual(['QUERY_TOO_COMPLEX'])
  })

  it('too dear a query is QUERY_TOO_COMPLEX, by its variables too', async () => {
    const query = 'query ($n: Int) { viewer { rooms(first: $n) { nodes { messages(first: $n) { nodes { sender { id } } } } } } }'
    expect(await codes(query, { n: 20 })).toEqual([])
    expect(await codes(query, { n: 100 })).toEqual(['QUERY_TOO_COMPLEX'])
  })

  it("GraphiQL's introspection passes", async () => {
    const options = {
      descriptions: true,
      schemaDescription: true,
      inputValueDeprecation: true,
      specifiedByUrl: true,
      directiveIsRepeatable: true,
    }
    const { data, errors } = await run({ query: getIntrospectionQuery(options) })
    expect(errors).toBeUndefined()
    expect(data).toHaveProperty('__schema')
  })

  it('what does not fit its type is BAD_USER_INPUT', async () => {
    expect(await codes('query ($id: ID!) { node(id: $id) { id } }', {})).toEqual(['BAD_USER_INPUT'])
    expect(await codes('{ viewer { nothing } }')).toEqual(['BAD_USER_INPUT'])
    expect(await codes('{ node(id: "nonsense") { id } }')).toEqual(['BAD_USER_INPUT'])
  })
})
