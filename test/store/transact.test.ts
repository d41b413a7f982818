import { beforeAll, describe, expect, it } from 'vitest'
import { uuid } from '../../src/lib/uuid.ts'
import type { Prisma } from '../../src/store/generated/prisma/client.ts'
import { transactFound } from '../../src/store/transact.ts'
import { aDomain, type Domain } from '../support/domain.ts'

let domain: Domain
beforeAll(async () => {
  domain = await aDomain()
})

async function aStream(): Promise<string> {
  const id = uuid()
  await domain.services.transact([], (tx) => tx.openStream(id))
  return id
}

const fact = { type: 'Tested', data: {} }

describe('streams that are found by reading', () => {
  it('are looked for again when one more is found under the locks', async () => {
    const streams = [await aStream()]
    let late: string | undefined = await aStream()
    let worked = 0
    const find = async (rows: Prisma.TransactionClient) => {
      const found = [...streams]
      if (rows === domain.database.prisma && late) {
        streams.push(late)
        late = undefined
      }
      return found
    }
    const answer = await transactFound(domain.services, find, async (tx) => {
      worked++
      for (const id of streams) tx.append(id, fact)
      return 'done'
    })
    expect(answer).toBe('done')
    expect(worked).toBe(1)
    expect(await Promise.all(streams.map((id) => domain.services.log.head(id)))).toEqual([1, 1])
  })

  it('are locked as they are in the end, when there is another one each time', async () => {
    const streams = [await aStream()]
    const find = async (rows: Prisma.TransactionClient) => {
      const found = [...streams]
      if (rows === domain.database.prisma) streams.push(await aStream())
      return found
    }
    await transactFound(domain.services, find, async (tx) => {
      for (const id of streams) tx.append(id, fact)
    })
    const heads = await Promise.all(streams.map((id) => domain.services.log.head(id)))
    expect(heads).toEqual([1, 1, 1, 1])
  })
})

describe('locking more streams', () => {
  it('moves the clock on, so that what is appended is later than what they told before', async () => {
    const [first, second] = [await aStream(), await aStream()]
    await domain.services.transact([first], async (tx) => {
      const before = tx.at
      await tx.lock([first, second])
      expect(tx.at >= before).toBe(true)
      tx.append(first, fact)
      tx.append(second, fact)
    })
    for (const id of [first, second]) expect(await domain.services.log.head(id)).toBe(1)
  })

  it('is done before anything is appended', async () => {
    const [first, second] = [await aStream(), await aStream()]
    const writing = domain.services.transact([first], async (tx) => {
      tx.append(first, fact)
      await tx.lock([second])
    })
    await expect(writing).rejects.toThrow('before the first append')
    expect(await domain.services.log.head(first)).toBe(0)
  })
})
