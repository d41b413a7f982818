import { afterAll, beforeAll, expect, it } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { openDatabase } from '../../src/store/database.ts'
import { type HeldDatabase, holdDatabase, isOfATick } from '../support/held-database.ts'
import { type Parley, startParley } from '../support/parley.ts'
import { sharedPostgres } from '../support/postgres.ts'
import { sharedRedis } from '../support/redis.ts'
import { describeWith } from '../support/services.ts'
import { until } from '../support/until.ts'
import { aPerson, inTurns } from './person.ts'
import { openSidebar, type Sidebar } from './sidebar.ts'

const members = 10_000
const online = 50

describeWith(['postgres', 'redis'], `a room of ${members} members, ${online} of them online on two nodes`, () => {
  const nodes: Parley[] = []
  const databases: HeldDatabase[] = []
  beforeAll(async () => {
    const env = { DATABASE_URL: await (await sharedPostgres()).createDatabase(), REDIS_URL: (await sharedRedis()).url }
    const { databaseUrl: url, ...config } = readConfig(env)
    const options = { url, poolSize: 5, transactionWaitMs: config.transactionWaitMs, transactionMaxMs: config.transactionMostMs }
    while (nodes.length < 2) {
      databases.push(holdDatabase(await openDatabase(options)))
      nodes.push(await startParley(env, { database: databases.at(-1)! }))
    }
  }, 30_000)
  afterAll(async () => {
    for (const node of nodes) await node.close()
    for (const database of databases) await database.close()
  })

  it('a message costs by those who are online', async () => {
    const people = await inTurns(online, (number) => aPerson(nodes[number % 2]!, `Person ${number}`), 8)
    const ada = await aPerson(nodes[0]!, 'Ada')
    const roomId = await ada.make(...people.slice(0, 25))
    for (const person of people.slice(25)) await ada.add(roomId, person)
    await fill(roomId)
    const sidebars = await inTurns(online, (number) => openSidebar(people[number]!, nodes[number % 2]!))
    await until(() => nodes.every(({ app }) => app.services.unread.readers === online / 2), { what: 'everybody being watched for' })
    const toldOf = (count: number) => until(() => sidebars.every((sidebar) => unreadIn(sidebar) === count), { what: 'telling everybody' })
    await ada.say(roomId, 'First')
    await toldOf(1)

    const told = sidebars.map((sidebar) => sidebar.told.length)
    for (const database of databases) database.statements.length = 0
    await ada.say(roomId, 'Second')
    await toldOf(2)
    expect(sidebars.map((sidebar) => sidebar.told.length)).toEqual(told.map((count) => count + 1))
    for (const { statements } of databases) {
      const counted = statements.filter(({ text }) => text.includes('as "unreadMentionCount"'))
      expect(counted.map(({ values }) => (values[0] as unknown[]).length)).toEqual([online / 2])
    }
    // The send and its session; on each node room, counts, memberships, last message, sender. Nothing for each who is told.
    const texts = databases.flatMap(({ statements }) => statements.map(({ text }) => text))
    const all = texts.filter((text) => !isOfATick(text))
    expect(all.length, all.join('\n')).toBeLessThanOrEqual(3 + 2 * 5)
    for (const sidebar of sidebars) await sidebar.stop()
  }, 60_000)

  const unreadIn = ({ shown }: Sidebar) => shown.open[0]!.unreadCount

  /** With people who are never online. */
  async function fill(roomId: string): Promise<void> {
    const id = Buffer.from(roomId, 'base64url').toString().split(':')[1]!
    await databases[0]!.transaction(async (run) => {
      await run('set local session_replication_role = replica')
      await run(
        `with person as (
           insert into app_user (id, handle, name, created_at)
           select gen_random_uuid(), 'crowd_' || number, 'One of many', now() from generate_series(1, $2::int) number returning id
         ), member as (
           insert into room_member (id, room_id, user_id, role, joined_at, notification_level)
           select gen_random_uuid(), $1::uuid, id, 'MEMBER', now(), 'ALL' from person returning id, user_id
         )
         insert into read_mark (id, room_id, user_id, seq, at) select id, $1::uuid, user_id, 0, now() from member`,
        [id, members - online - 1],
      )
      await run('update room set member_count = $2 where id = $1', [id, members])
      await run('analyze room_member; analyze read_mark; analyze app_user')
    })
  }
})
