import { type RateTable, readRates } from '../../src/store/rates.ts'

type Settings = Parameters<typeof readRates>[0]

/** The rates that a configuration comes to; what a test does not name is more than it does. */
export function ratesOf(settings: Partial<Settings>): RateTable {
  const plenty = {
    sendPerSecond: 100,
    sendBurst: 100,
    signInPerMinute: 100,
    signUpPerHour: 100,
    reachPerMinute: 100,
    searchPerMinute: 100,
    signalPerSecond: 100,
    signalBurst: 100,
    calendarPerMinute: 100,
  }
  return readRates({ ...plenty, typingPerMinute: 100, ...settings })
}
