import { expect, it } from 'vitest'
import type { Refusal } from '../../src/lib/refusal.ts'
import type { Rates, RateTable } from '../../src/store/rates.ts'

const hourly = { perSecond: 1 / 3600, burst: 10 }

/** `send` refills while a test waits, the others do not. */
export const table: RateTable = {
  send: { perSecond: 10, burst: 2 },
  signIn: hourly,
  signUp: hourly,
  reach: hourly,
  signal: hourly,
  search: hourly,
  typing: hourly,
  calendar: hourly,
}

/** What each implementation of Rates promises. */
export function ratesContract(open: () => Promise<Rates>): void {
  it('lets a burst through and refuses what comes after it, saying when to try again', async () => {
    const rates = await open()
    for (let spent = 0; spent < hourly.burst; spent++) await rates.spend('signIn', 'ann')
    const refusal = await refused(rates.spend('signIn', 'ann'))
    expect(refusal?.extensions.code).toBe('RATE_LIMITED')
    expect(refusal?.extensions.retryAfterMs).toBeGreaterThan(3_590_000)
    expect(refusal?.extensions.retryAfterMs).toBeLessThanOrEqual(3_600_000)
  })

  it('counts each name and each key by itself', async () => {
    const rates = await open()
    await rates.spend('signIn', 'ann', 10)
    expect(await refused(rates.spend('signIn', 'ann'))).toBeDefined()
    await rates.spend('signIn', 'bob', 10)
    await rates.spend('signUp', 'ann', 10)
  })

  it('lets no more through than the bucket holds, however many come at once', async () => {
    const rates = await open()
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => refused(rates.spend('reach', 'ann'))))
    expect(outcomes.filter((refusal) => refusal === undefined)).toHaveLength(hourly.burst)
  })

  it('takes nothing from whoever is refused', async () => {
    const rates = await open()
    await rates.spend('signIn', 'ann', 7)
    for (let tries = 0; tries < 5; tries++) expect(await refused(rates.spend('signIn', 'ann', 4))).toBeDefined()
    await rates.spend('signIn', 'ann', 3)
  })

  it('refills with time, and lets whoever waited as told through', async () => {
    const rates = await open()
    await rates.spend('send', 'ann', 2)
    const start = performance.now()
    const told = (await refused(rates.spend('send', 'ann')))?.extensions.retryAfterMs ?? 0
    expect(told).toBeGreaterThan(0)
    await expect.poll(() => refused(rates.spend('send', 'ann')), { interval: 5 }).toBeUndefined()
    expect(performance.now() - start).toBeGreaterThanOrEqual(told - 5)
  })

  it('refuses, as a mistake, a cost that no bucket could ever hold', async () => {
    const rates = await open()
    await expect(rates.spend('send', 'ann', 3)).rejects.toThrow('can never be spent')
  })
}

export async function refused(spending: Promise<void>): Promise<Refusal | undefined> {
  return spending.then(
    () => undefined,
    (refusal: Refusal) => refusal,
  )
}
