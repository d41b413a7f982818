import { afterEach, describe, expect, it } from 'vitest'
import { type Repeated, repeat } from '../../src/lib/timers.ts'
import { until } from '../support/until.ts'

const open: Repeated[] = []
const troubles: unknown[] = []

const repeating = (work: () => Promise<void>): Repeated => {
  const repeated = repeat(work, 1, (error) => troubles.push(error))
  open.push(repeated)
  return repeated
}

/** Until what is repeated as often has come to its turn some times. */
async function someTurns(): Promise<void> {
  let turns = 0
  const clock = repeating(async () => {
    turns++
  })
  await until(() => turns >= 5, { what: 'five turns' })
  await clock.close()
}

/** Work that is under way until it is let go. */
function longWork() {
  let letGo = () => {}
  const done = new Promise<void>((resolve) => {
    letGo = resolve
  })
  const work = { begun: 0, ended: 0, letGo, run: async () => {} }
  work.run = async () => {
    work.begun++
    await done
    work.ended++
  }
  return work
}

afterEach(async () => {
  troubles.length = 0
  for (const repeated of open.splice(0)) await repeated.close()
})

describe('what is repeated', () => {
  it('is done again and again, and not while it is still under way', async () => {
    const work = longWork()
    repeating(work.run)
    await someTurns()
    expect(work.begun).toBe(1)
    work.letGo()
    await until(() => work.ended >= 3, { what: 'a third time' })
  })

  it('is told when it fails, and done again', async () => {
    let times = 0
    repeating(async () => {
      if (++times === 1) throw new Error('Not this time.')
    })
    await until(() => times >= 2, { what: 'a second time' })
    expect(troubles).toEqual([new Error('Not this time.')])
  })

  it('is waited for when it is closed, and done no more', async () => {
    const work = longWork()
    const repeated = repeating(work.run)
    await until(() => work.begun === 1, { what: 'the first time' })
    const closing = repeated.close().then(() => work.ended)
    work.letGo()
    expect(await closing).toBe(1)
    await someTurns()
    expect(work.begun).toBe(1)
  })
})
