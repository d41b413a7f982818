import { beforeAll, expect, it } from 'vitest'
import { createMemoryBus } from '../../src/engine/bus-memory.ts'
import type { Presence } from '../../src/features/presence/presence.ts'
import { schema } from '../../src/features/schema.ts'
import { noBudget } from '../../src/graphql/budget.ts'
import { createMask } from '../../src/graphql/errors.ts'
import { createOperations, isOperation } from '../../src/graphql/operations.ts'
import type { Database } from '../../src/store/database.ts'
import { createMemoryWhereabouts } from '../../src/store/whereabouts.ts'
import { aPresence, watching } from '../features/presence/support.ts'
import { type APerson, aDomain, type Domain } from '../support/domain.ts'
import { until } from '../support/until.ts'

let domain: Domain
let ann: APerson
let ben: APerson
let cid: APerson
beforeAll(async () => {
  domain = await aDomain()
  ;[ann, ben, cid] = await Promise.all([domain.aPerson('Ann'), domain.aPerson('Ben'), domain.aPerson('Cid')])
})

it('whoever begins to watch waits for their own people, and not until nobody else comes or goes any more', async () => {
  const whereabouts = createMemoryWhereabouts()
  const presence: Presence = aPresence(domain, {
    whereabouts: {
      ...whereabouts,
      // Each time that somebody is read, somebody else has come or gone.
      read(people) {
        presence.ring(ben.id)
        return whereabouts.read(people)
      },
    },
  })
  await watching(presence, ann, ben, ann)
  const { told } = await watching(presence, ann, cid)
  expect(told).toEqual(['OFFLINE'])
})

it('a hundred who come and go while the database is away are one trouble at a time', async () => {
  let isAway = false
  const troubles: unknown[] = []
  const database: Database = {
    ...domain.database,
    sql: (text, values) => (isAway ? Promise.reject(new Error('The database is away.')) : domain.database.sql(text, values)),
  }
  const bus = createMemoryBus((error) => {
    throw error
  })
  const presence = aPresence(domain, { bus, database, onTrouble: (error) => troubles.push(error) })
  await watching(presence, ann, ben, ann)
  isAway = true
  for (let time = 0; time < 100; time++) presence.ring(ben.id)
  await until(() => troubles.length > 0)
  expect(troubles).toHaveLength(1)
  // It is tried again.
  await until(() => troubles.length > 1)
  expect(troubles).toHaveLength(2)
  isAway = false
})

it('watching 200 people costs the budget 200 answers, which come at once', () => {
  const { limits } = domain.services
  const operations = createOperations(
    schema,
    limits,
    createMask(() => {}),
    noBudget,
  )
  const query = 'subscription ($userIds: [ID!]!) { presence(userIds: $userIds) { user { id presence { status } } } }'
  const costOf = (many: number) => {
    const prepared = operations.prepare({ query, variables: { userIds: Array.from({ length: many }, () => ann.globalId) } })
    return isOperation(prepared) ? prepared.cost : prepared[0]?.extensions.code
  }
  expect([costOf(0), costOf(1), costOf(200), costOf(10_000)]).toEqual([0, 3, 600, 'QUERY_TOO_COMPLEX'])
})

it('the same person in a hundred windows is one question to the database', async () => {
  const pairs: number[] = []
  const database: Database = {
    ...domain.database,
    sql(text, values) {
      if (text.includes('unnest($1::uuid[], $2::uuid[]) as wanted(viewer_id, user_id)')) pairs.push((values as string[][])[0]!.length)
      return domain.database.sql(text, values)
    },
  }
  const presence = aPresence(domain, { database })
  await Promise.all(Array.from({ length: 100 }, () => watching(presence, ann, ben, cid)))
  expect(pairs.reduce((sum, many) => sum + many, 0)).toBe(2)
})
