import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readFound, type Search } from '../../../src/features/search/queries.ts'
import { conditionOf, termsOf } from '../../../src/features/search/tokens.ts'
import type { Moment } from '../../../src/graphql/moments.ts'
import { createDomain, type Domain } from '../../support/domain.ts'
import { fillTalks, isChinese } from '../../support/many-talks.ts'
import { explain, recorded } from '../../support/plans.ts'
import { sharedPostgres } from '../../support/postgres.ts'
import { describeWith } from '../../support/services.ts'

const rooms = Array.from({ length: 500 }, (_, number) => number)
/** Who sees which rooms, by their numbers; most of the messages are in the first. */
const sights = {
  all: rooms,
  'a hundred': rooms.filter((number) => number % 5 === 0),
  'one in two hundred': [180, 420],
  'the busiest': [0],
  'where nobody says "the"': rooms.filter(isChinese),
}
type Sight = keyof typeof sights
const queries = ['the', 't', 'zebrafish', 'narwhal', 'the zebrafish', '鯨鯢', '一', '丂七', 'nobodysaysthis']

describeWith(['postgres'], 'fifty thousand messages in five hundred rooms', () => {
  let domain: Domain
  const people = {} as Record<Sight, string>
  beforeAll(async () => {
    domain = await createDomain(await (await sharedPostgres()).createDatabase())
    const senderIds: string[] = []
    while (senderIds.length < 20) senderIds.push((await domain.aPerson()).id)
    for (const [index, sight] of (Object.keys(sights) as Sight[]).entries()) people[sight] = senderIds[index]!
    const viewers = Object.fromEntries(Object.entries(sights).map(([sight, numbers]) => [people[sight as Sight], numbers]))
    await domain.database.sql(
      'alter table message set (autovacuum_enabled = off); alter table message_words set (autovacuum_enabled = off)',
    )
    await fillTalks(domain.database, { messages: 50_000, rooms: rooms.length, senderIds, viewers })
  })
  afterAll(() => domain?.database.close())

  const wanted = (sight: Sight, query: string, more: Partial<Search> = {}): Search => {
    return { viewerId: people[sight], condition: conditionOf(termsOf(query)), roomId: undefined, from: undefined, to: undefined, ...more }
  }

  /** The same by reading everything. */
  async function readPlainly({ viewerId, condition, from, to }: Search, after: Moment | undefined, most: number): Promise<string[]> {
    const rows = await domain.database.sql<{ id: string }>(
      `select w.message_id as id from message_words w join room_member m on m.room_id = w.room_id and m.user_id = $1
       where ts_match_vq(w.words, $2::tsquery) and at >= coalesce($3::timestamptz, '-infinity') and at < coalesce($4::timestamptz, 'infinity')
         and ($5::timestamptz is null or (at, message_id) < ($5::timestamptz, $6::uuid))
       order by at desc, message_id desc limit $7`,
      [viewerId, condition, from ?? null, to ?? null, after?.at ?? null, after?.id ?? null, most],
    )
    return rows.map(({ id }) => id)
  }

  const everything = (Object.keys(sights) as Sight[]).flatMap((sight) => queries.map((query) => [sight, query] as const))

  it.each(everything)('finds the same as who reads everything, page by page: who sees %s, by %s', async (sight, query) => {
    const month = { from: new Date('2025-03-01'), to: new Date('2025-04-01') }
    for (const search of [
      wanted(sight, query),
      wanted(sight, query, month),
      wanted(sight, query, { condition: conditionOf(termsOf(query), people.all) }),
    ]) {
      let after: Moment | undefined
      for (let page = 0; page < 3; page++) {
        const found = await readFound(domain.database.sql, search, after, 30)
        expect(found.map(({ id }) => id)).toEqual(await readPlainly(search, after, 30))
        const last = found.at(-1)
        if (!last) break
        after = { at: last.createdAt, id: last.id }
      }
    }
  })

  // The embedded database never counts its rows, and Postgres only when it comes to it.
  describe.each(['before', 'after'])('%s the database has counted its rows', (moment) => {
    beforeAll(async () => {
      if (moment === 'after') await domain.database.sql('analyze')
    })

    // Walking some thousand messages, each on a page of its own, and the ways down an index; what is said once would be worth all of them, and
    // what is said always would bring them all from the index.
    it.each(everything)('reads a bounded number of pages of the disk: who sees %s, by %s', async (sight, query) => {
      const database = recorded(domain.database)
      await readFound(database.sql, wanted(sight, query), undefined, 51)
      const [statement, ...others] = database.asked
      expect(others).toEqual([])
      const { buffers } = await explain(domain.database, statement!)
      // Said everywhere else, as the index knows, and in none of these rooms: they are walked to their ends.
      const isElsewhere = sight === 'where nobody says "the"' && (query === 'the' || query === 't')
      expect(buffers).toBeLessThan(isElsewhere ? 20_000 : 10_000)
    })
  })
})
