import { beforeAll, describe, expect, it } from 'vitest'
import { sweepHourly } from '../../src/engine/sweep.ts'
import { uuid } from '../../src/lib/uuid.ts'
import { aDomain, type Domain } from '../support/domain.ts'
import { until } from '../support/until.ts'

describe('the sweep of the log', () => {
  let domain: Domain
  beforeAll(async () => {
    domain = await aDomain()
  })

  it('lets go of what is older than it is kept, keeps the rest, and leaves the head where it is', async () => {
    const { transact, log } = domain.services
    const id = uuid()
    await transact([], (tx) => tx.openStream(id))
    await transact([id], async (tx) => {
      for (let n = 1; n <= 10; n++) tx.append(id, { type: 'Counted', data: { n } })
    })
    await domain.database.sql(`update event set at = at - interval '31 days' where stream_id = $1 and seq <= 6`, [id])
    const troubles: unknown[] = []
    const sweep = sweepHourly(log, { days: 30, everyMs: 5, onTrouble: (error) => troubles.push(error) })
    await until(async () => (await log.after(id, 0, 100)).length === 4)
    await sweep.close()
    expect((await log.after(id, 0, 100)).map(({ seq }) => seq)).toEqual([7, 8, 9, 10])
    expect(await log.head(id)).toBe(10)
    expect(troubles).toEqual([])
  })

  it('is waited for when it is closed, and not for ever', async () => {
    let goOn = () => {}
    let sweeps = 0
    const kept = {
      async sweep() {
        sweeps++
        await new Promise<void>((resolve) => {
          goOn = resolve
        })
        return 5000
      },
    }
    const sweep = sweepHourly(kept, { days: 30, everyMs: 1, closeMs: 50, onTrouble: () => {} })
    await until(() => sweeps === 1)
    await sweep.close()
    const closing = sweep.close()
    goOn()
    await closing
    expect(sweeps).toBe(1)
  })
})
