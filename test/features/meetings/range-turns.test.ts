import { beforeAll, describe, expect, it } from 'vitest'
import { earliestOf } from '../../../src/features/meetings/ranges.ts'
import type { APerson, Domain } from '../../support/domain.ts'
import { type ARoom, aGroup } from '../../support/rooms.ts'
import { aQuietDomain } from '../calls/support.ts'

let domain: Domain
let ann: APerson
beforeAll(async () => {
  domain = await aQuietDomain()
  ann = await domain.aPerson('Ann')
})

/** As many as a room may have, each of another day, by a rule that a walk from its start is long for. */
async function aRoomOf(recurrence: string, firstStart: string): Promise<ARoom> {
  const room = await aGroup(ann)
  await domain.database.sql(
    `insert into meeting (id, room_id, title, time_zone, created_by_id, created_at, updated_at, recurrence, current_start, starts_at, ends_at, first_starts_at)
     select gen_random_uuid(), $1, 'Rare', 'Europe/Berlin', $2, now(), now(), $3, at, at, at + interval '1 hour', at
     from (select $4::timestamptz + n * interval '1 second' as at from generate_series(1, 500) as n) as times returning 1`,
    [room.id, ann.id, recurrence, firstStart],
  )
  return room
}

/** The same room under several names, each time another year of it. */
async function ask(room: ARoom): Promise<{ found: number; took: number }> {
  const years = [2028, 2040, 2056]
  const parts = years.map((year) => `of${year}: meetings(from: "${year}-01-01T00:00:00Z", to: "${year + 1}-01-01T12:00:00Z") { startsAt }`)
  const since = performance.now()
  // biome-ignore lint/suspicious/noExplicitAny: as it is asked for.
  const { data, errors } = await ann.run<any>(`query ($id: ID!) { room(id: $id) { ${parts.join(' ')} } }`, { id: room.globalId })
  if (errors) throw errors[0]
  return { found: years.reduce((sum, year) => sum + data.room[`of${year}`].length, 0), took: performance.now() - since }
}

describe('looking through as many series as a query may', () => {
  it.each([
    ['that count from long ago', 'FREQ=YEARLY;BYYEARDAY=366;COUNT=1000', '1972-12-31T08:00:00Z', 300],
    ['that have hardly any day', 'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=TU', '1972-02-29T08:00:00Z', 200],
  ])(
    'does not count them anew each time: those %s',
    async (_which, recurrence, start, found) => {
      const room = await aRoomOf(recurrence, start)
      expect((await ask(room)).found).toBe(found)
      // Counted in each walk it takes four times as long, at least.
      expect((await ask(room)).took).toBeLessThan(4000)
    },
    60_000,
  )

  it('leaves others their turns', async () => {
    let turns = 0
    let next = setImmediate(function count() {
      turns++
      next = setImmediate(count)
    })
    const slow = {
      next() {
        for (const until = performance.now() + 15; performance.now() < until; );
        return { done: true, value: undefined } as const
      },
    }
    expect(await earliestOf(Array(10).fill(slow), 100)).toEqual([])
    clearImmediate(next)
    expect(turns).toBeGreaterThanOrEqual(10)
  })
})
