import { expect, it } from 'vitest'
import { schema } from '../../src/features/schema.ts'
import { noBudget } from '../../src/graphql/budget.ts'
import { createContext } from '../../src/graphql/context.ts'
import { createMask } from '../../src/graphql/errors.ts'
import { defineLoader, known } from '../../src/graphql/loaders.ts'
import { createOperations, isOperation } from '../../src/graphql/operations.ts'
import { aDomain } from '../support/domain.ts'

it('an execution that is over holds nothing that it has read: who asks after it reads anew', async () => {
  const { services, aPerson } = await aDomain()
  let reads = 0
  const counted = defineLoader<string, string>('counted', async (_database, keys) => {
    reads++
    return keys.map((key) => `read ${key}`)
  })
  const context = createContext(services, (await aPerson()).actor, undefined, [known(counted, 'a', 'known')])
  expect(await context.loaders.load(counted, 'a')).toBe('known')
  await context.loaders.load(counted, 'b')
  await context.loaders.load(counted, 'b')
  expect(reads).toBe(1)

  const operations = createOperations(
    schema,
    services.limits,
    createMask(() => {}),
    noBudget,
  )
  const operation = operations.prepare({ query: '{ viewer { user { name } } }' })
  if (!isOperation(operation)) throw operation[0]
  expect(await operations.run(operation, context)).toMatchObject({ data: { viewer: { user: { name: 'Somebody' } } } })
  expect(await context.loaders.load(counted, 'a')).toBe('read a')
  expect(reads).toBe(2)
})
