import { expect, it } from 'vitest'
import { uuid } from '../../src/lib/uuid.ts'
import { until } from '../support/until.ts'
import { inTurns } from './person.ts'
import { onTwoNodes } from './world.ts'

const seconds = 4
/** Of each at least, however busy the machine is. */
const least = 4

onTwoNodes('locks', (world) => {
  it('whoever locks the same rooms and people in whatever order, nobody ever hears of a deadlock', async () => {
    const [here, there] = world().nodes
    const { sql } = here!.app.services.database
    const deadlocks = async () =>
      (await sql<{ count: number }>('select deadlocks::int as count from pg_stat_database where datname = current_database()'))[0]!.count
    const before = await deadlocks()
    const people = await inTurns(6, (number) => world().aPerson(`Person ${number}`, number % 2 === 0 ? here : there))
    const [ada, ...others] = people
    const rooms = await inTurns(4, () => ada!.make(...others.slice(0, 3)))
    const streams = [...rooms, ...people.map(({ id }) => id)].map((id) => Buffer.from(id, 'base64url').toString().split(':')[1]!)
    const pick = <Item>(items: readonly Item[]) => items[Math.floor(Math.random() * items.length)]!
    const inAnyOrder = <Item>(items: readonly Item[]) =>
      items
        .map((item) => ({ item, place: Math.random() }))
        .sort((one, other) => one.place - other.place)
        .map(({ item }) => item)

    const done = { locked: 0, made: 0, opened: 0, joined: 0, said: 0 }
    const refused: string[] = []
    const end = Date.now() + seconds * 1000
    const forAWhile = async (name: keyof typeof done, work: (round: number) => Promise<unknown>, ...mayBe: string[]) => {
      for (let round = 0; Date.now() < end || (done[name] < least && Date.now() < end + 20_000); round++) {
        try {
          await work(round)
          done[name]++
        } catch (error) {
          const message = String(error)
          if (!mayBe.some((code) => message.includes(code))) refused.push(`${name}: ${message}`)
        }
      }
    }
    const node = () => pick(world().nodes)
    const lock = ([one, other]: readonly string[]) =>
      node().app.services.transact([one!, other!], async (tx) => {
        tx.append(other!, { type: 'MemberUpdated', data: { nonce: uuid() } })
        tx.append(one!, { type: 'MemberUpdated', data: { nonce: uuid() } })
      })
    const there2 = () => pick(others).on(node())
    await Promise.all([
      forAWhile('locked', () => lock([streams[0]!, streams[1]!])),
      forAWhile('locked', () => lock([streams[1]!, streams[0]!])),
      forAWhile('locked', () => lock(inAnyOrder(streams))),
      forAWhile('made', () => ada!.on(node()).make(...inAnyOrder(others))),
      forAWhile('made', () => there2().make(...inAnyOrder(people).slice(0, 4))),
      forAWhile('opened', () => Promise.all([ada!.open(pick(others)), there2().open(ada!)])),
      ...rooms.slice(0, 2).flatMap((roomId) =>
        others.slice(3).map((person) =>
          forAWhile('joined', async (round) => {
            if (round % 2 === 0) await ada!.on(node()).add(roomId, person)
            else await person.on(node()).remove(roomId, person)
          }),
        ),
      ),
      ...[here!, there!].flatMap((where) =>
        people
          .slice(0, 3)
          .map((person) => forAWhile('said', () => Promise.all(inAnyOrder(rooms).map((roomId) => person.on(where).say(roomId, 'Busy'))))),
      ),
    ])
    expect(refused).toEqual([])
    for (const count of Object.values(done)) expect(count).toBeGreaterThanOrEqual(least)
    // Nor was there one that had to be tried again.
    expect(await deadlocks()).toBe(before)

    // And every stream is whole.
    await until(async () => {
      const rows = await sql<{ holes: number }>(
        `select (s.head - count(e.seq))::int as holes from stream s left join event e on e.stream_id = s.id
         where s.id = any($1::uuid[]) group by s.id, s.head`,
        [streams],
      )
      return rows.length === streams.length && rows.every(({ holes }) => holes === 0)
    })
  }, 40_000)
})
