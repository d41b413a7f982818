import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setImmediate as aTurn } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it, onTestFinished } from 'vitest'
import { fillInWords, fillSome } from '../../../src/features/search/filling.ts'
import { openDatabase } from '../../../src/store/database.ts'
import { prepareDatabase } from '../../../src/store/migrate.ts'
import { type APerson, createDomain, type Domain } from '../../support/domain.ts'
import { startParley } from '../../support/parley.ts'
import { sharedPostgres } from '../../support/postgres.ts'
import { type ARoom, aGroup, named } from '../../support/rooms.ts'
import { describeWith } from '../../support/services.ts'
import { until } from '../../support/until.ts'
import { find, say, write } from './support.ts'

describeWith(['postgres'], 'what was said before there was a search', () => {
  let url: string
  let domain: Domain
  let ann: APerson
  let room: ARoom
  beforeEach(async () => {
    url = await (await sharedPostgres()).createDatabase()
    domain = await createDomain(url)
    ann = await domain.aPerson('Ann')
    room = await aGroup(ann)
  })
  afterEach(() => domain.database.close())

  const thrown = (error: unknown) => {
    throw error
  }
  /** As the migration leaves a database in which something was said. */
  async function forgetWords(): Promise<void> {
    await domain.database.sql(`delete from message_words;
      insert into setting (name, value) values ('searchFilledDownTo', 'ffffffff-ffff-ffff-ffff-ffffffffffff')`)
  }
  const words = () => domain.database.sql<object>('select room_id, at, message_id, words::text from message_words order by message_id')
  const isThrough = async () => (await domain.database.sql(`select from setting where name = 'searchFilledDownTo'`)).length === 0

  it('is found by the same words as if it were said now; deleted messages, and those of the room, by none', async () => {
    for (let number = 0; number < 20; number++) await say(ann, room, `needle ${number}, 針`)
    await write(ann, 'deleteMessage', { messageId: await say(ann, room, 'needle, deleted') })
    await write(ann, 'updateRoom', { roomId: room.globalId, name: 'needles' })
    const before = await words()
    await forgetWords()
    expect((await find(ann, 'needle')).contents).toEqual([])
    const filling = fillInWords(domain.database, { onTrouble: thrown })
    await until(isThrough)
    await filling.close()
    expect(await words()).toEqual(before)
    expect((await find(ann, 'needle', { first: 100 })).contents).toHaveLength(20)
  })

  it('is what a database is left with that had messages before, and no other', async () => {
    expect(await isThrough()).toBe(true)
    const folder = await mkdtemp(join(tmpdir(), 'parley-before-'))
    const [search] = (await readdir('prisma/migrations')).filter((name) => name.endsWith('_search'))
    await cp('prisma/migrations', folder, { recursive: true, filter: (path) => basename(path) < search! || !/^\d/.test(basename(path)) })
    const options = { poolSize: 1, transactionWaitMs: 10_000, transactionMaxMs: 10_000 }
    const old = await openDatabase({ url: await (await sharedPostgres()).createDatabase(), ...options })
    await prepareDatabase(old, folder, {})
    await old.sql(`set session_replication_role = replica; insert into message (id, room_id, seq, sender_id, content, nonce, nonce_hash, created_at)
      select id, id, number, id, 'needle', number::text, '', now() from (select gen_random_uuid() as id, number from generate_series(1, 10) number) said`)
    await prepareDatabase(old, 'prisma/migrations', {})
    while (await fillSome(old, 3));
    expect(await old.sql(`select from message_words where words @@ 'needle'`)).toHaveLength(10)
    await old.close()
    await rm(folder, { recursive: true })
  })

  it('is filled in by a program that starts', async () => {
    await say(ann, room, 'needle')
    await forgetWords()
    const parley = await startParley({ DATABASE_URL: url })
    onTestFinished(() => parley.close())
    await until(isThrough)
    expect((await find(ann, 'needle')).contents).toEqual(['needle'])
  })

  it('is filled in a bounded number at a time, by several nodes in turn, and taken up where it was left', async () => {
    for (let number = 0; number < 20; number++) await say(ann, room, `needle ${number}`)
    const before = await words()
    await forgetWords()
    expect(await fillSome(domain.database, 3)).toBe(true)
    expect(await words()).toEqual(before.slice(-3))
    const second = await createDomain(url)
    const nodes = [domain, second, domain]
    const answers = await Promise.all(Array.from({ length: 9 }, (_, index) => fillSome(nodes[index % 3]!.database, 3)))
    expect(answers.filter(Boolean)).toHaveLength(6)
    expect(await words()).toEqual(before)
    await second.database.close()
  })

  it('keeps what was edited and deleted meanwhile as it is now', async () => {
    const ids = []
    for (let number = 0; number < 30; number++) ids.push(await say(ann, room, `old ${number}`))
    for (let round = 0; round < 3; round++) {
      await forgetWords()
      const filling = (async () => {
        while (await fillSome(domain.database, 2)) await aTurn()
      })()
      await Promise.all(
        ids.map((messageId, number) =>
          number % 3 === 0 && round === 2
            ? write(ann, 'deleteMessage', { messageId })
            : write(ann, 'editMessage', { messageId, content: `new ${round} ${number}` }),
        ),
      )
      await filling
      expect((await find(ann, 'old')).contents).toEqual([])
      expect((await find(ann, `new ${round}`, { first: 100 })).contents).toHaveLength(round === 2 ? 20 : 30)
    }
    expect(await words()).toHaveLength(20)
  })

  it('waits for a deletion that is under way, and leaves nothing of what it takes back', async () => {
    const messageId = named(await say(ann, room, 'needle')).id
    await forgetWords()
    const { sql } = domain.database
    const isWaiting = async () =>
      (await sql(`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)).length > 0
    let isFilled = false
    let filled: Promise<void> | undefined
    await domain.database.transaction(async (run) => {
      await run(`update message set content = '', deleted_at = now() where id = $1`, [messageId])
      filled = fillSome(domain.database).then(() => {
        isFilled = true
      })
      await until(async () => isFilled || (await isWaiting()))
    })
    await filled
    expect(await words()).toEqual([])
  })

  it('goes on after the database was away, and ends when it is closed', async () => {
    for (let number = 0; number < 5; number++) await say(ann, room, `needle ${number}`)
    await forgetWords()
    const trouble: unknown[] = []
    let isAway = true
    const failing = {
      ...domain.database,
      transaction: ((work) =>
        isAway ? Promise.reject(new Error('away')) : domain.database.transaction(work)) as Domain['database']['transaction'],
    }
    const onTrouble = (error: unknown) => void trouble.push(error)
    const filling = fillInWords(failing, { pauseMs: 1, onTrouble })
    await until(() => trouble.length > 2)
    isAway = false
    await until(isThrough)
    await filling.close()
    await forgetWords()
    isAway = true
    const waiting = fillInWords(failing, { pauseMs: 3_600_000, onTrouble })
    await waiting.close()
    isAway = false
    expect(await isThrough()).toBe(false)
  })
})
