import { describe, expect, it } from 'vitest'
import { createMemoryRates, noRates, readRates } from '../../src/store/rates.ts'
import { ratesContract, refused, table } from '../contract/rates.ts'

describe('rates in memory', () => {
  ratesContract(async () => createMemoryRates(table))

  it('forget the buckets that are full again', async () => {
    const rates = createMemoryRates(table)
    for (let person = 0; person < 100; person++) await rates.spend('send', `p${person}`)
    expect(rates.size).toBe(100)
    // Whoever comes later clears up after the others, two at a time.
    await expect
      .poll(
        async () => {
          await refused(rates.spend('send', 'late'))
          return rates.size
        },
        { interval: 1 },
      )
      .toBe(1)
  })

  it('keep a bounded number, and let the one untouched for longest go', async () => {
    const rates = createMemoryRates(table, { mostKeys: 10 })
    for (let person = 0; person < 100; person++) await rates.spend('signUp', `p${person}`, 10)
    expect(rates.size).toBeLessThanOrEqual(10)
    expect(await refused(rates.spend('signUp', 'p99'))).toBeDefined()
    expect(await refused(rates.spend('signUp', 'p0'))).toBeUndefined()
  })
})

it('without rates, everything is let through', async () => {
  for (let sent = 0; sent < 1000; sent++) await noRates.spend('send', 'ann')
})

it('the table is what is configured', () => {
  const settings = {
    sendPerSecond: 5,
    sendBurst: 10,
    signInPerMinute: 12,
    signUpPerHour: 36,
    reachPerMinute: 30,
    signalPerSecond: 50,
    signalBurst: 200,
    searchPerMinute: 120,
    typingPerMinute: 60,
    calendarPerMinute: 30,
  }
  expect(readRates(settings)).toEqual({
    send: { perSecond: 5, burst: 10 },
    signIn: { perSecond: 0.2, burst: 12 },
    signUp: { perSecond: 0.01, burst: 36 },
    reach: { perSecond: 0.5, burst: 30 },
    signal: { perSecond: 50, burst: 200 },
    search: { perSecond: 2, burst: 120 },
    typing: { perSecond: 1, burst: 60 },
    calendar: { perSecond: 0.5, burst: 30 },
  })
})
