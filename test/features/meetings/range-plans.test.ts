import { afterAll, beforeAll, expect, it } from 'vitest'
import { type APerson, createDomain, type Domain } from '../../support/domain.ts'
import { explain, type Plan, recorded } from '../../support/plans.ts'
import { sharedPostgres } from '../../support/postgres.ts'
import { type ARoom, aGroup } from '../../support/rooms.ts'
import { describeWith } from '../../support/services.ts'

describeWith(['postgres'], 'what is planned in a room with 20,000 meetings that are over, among others', () => {
  let domain: Domain
  let ann: APerson
  let room: ARoom
  beforeAll(async () => {
    domain = await createDomain(await (await sharedPostgres()).createDatabase())
    ann = await domain.aPerson('Ann')
    room = await aGroup(ann)
    const other = await aGroup(ann)
    // Two an hour up to now, and 100 that are to come; every fifth recurs, and did so twice.
    for (const { id } of [room, other])
      await domain.database.sql(
        `insert into meeting (id, room_id, title, time_zone, created_by_id, created_at, updated_at, current_start, starts_at, ends_at,
           first_starts_at, last_ends_at, recurrence)
         select gen_random_uuid(), $1, 'Planned', 'UTC', $2, now(), now(), at, at, at + interval '20 minutes', at,
           at + interval '20 minutes' + case when n % 5 = 0 then interval '1 day' else interval '0' end,
           case when n % 5 = 0 then 'FREQ=DAILY;COUNT=2' end
         from (select n, date_trunc('hour', now()) + n * interval '30 minutes' as at from generate_series(-20000, 100) as n) as times`,
        [id, ann.id],
      )
    await domain.database.sql('analyze')
  })
  afterAll(() => domain?.database.close())

  async function costOf(from: Date, hours: number): Promise<Plan & { readonly found: number }> {
    const database = recorded(domain.database)
    const run = domain.as(ann.actor, { database })
    const document = `query ($id: ID!, $from: DateTime!, $to: DateTime!) { room(id: $id) { meetings(from: $from, to: $to) { id } } }`
    const range = { from: from.toISOString(), to: new Date(from.getTime() + hours * 3_600_000).toISOString() }
    const { data, errors } = await run<{ room: { meetings: unknown[] } }>(document, { id: room.globalId, ...range })
    if (errors) throw errors[0]
    const asked = database.asked.find(({ text }) => text.includes('from meeting m'))!
    return { ...(await explain(domain.database, asked)), found: data!.room.meetings.length }
  }

  it('costs by what is to come, and not by what is over', async () => {
    const { found, buffers, rows } = await costOf(new Date(), 24)
    expect(found).toBeGreaterThanOrEqual(48)
    expect(rows).toBeLessThan(400)
    expect(buffers).toBeLessThan(400)
  })
})
