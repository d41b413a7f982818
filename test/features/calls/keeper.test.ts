import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type CallsOptions, createCalls, type OwnedCalls } from '../../../src/features/calls/keeper.ts'
import type { Database } from '../../../src/store/database.ts'
import type { APerson, Domain } from '../../support/domain.ts'
import { aGroup } from '../../support/rooms.ts'
import { aQuietDomain, call, type Joined, join, rowOf, shown, statesOf } from './support.ts'

let domain: Domain
let ann: APerson
let ben: APerson
let mine: Joined
let theirs: Joined
beforeAll(async () => {
  domain = await aQuietDomain()
})
beforeEach(async () => {
  ;[ann, ben] = [await domain.aPerson('Ann'), await domain.aPerson('Ben')]
  mine = await call(ann, await aGroup(ann, ben))
  theirs = await join(ben, mine)
})

/** A node of one's own, whose timers stand still unless they are given a time. */
function aNode(
  more: Partial<Pick<CallsOptions, 'callRefreshMs' | 'callGraceMs' | 'callTickMs' | 'onTrouble'>> & { database?: Database } = {},
): OwnedCalls {
  const { database = domain.database, ...options } = more
  const { terms, ice } = domain.services.calls
  const still = { callRefreshMs: 2 ** 31 - 1, callTickMs: 2 ** 31 - 1, callGraceMs: 10_000, onTrouble: () => {} }
  return createCalls(database, domain.services.transact, { ...terms, ...ice, ...still, ...options })
}

/** By the clock that the node goes by. */
const passed = async (ms: number) => {
  const end = performance.now() + ms
  await expect.poll(() => performance.now(), { interval: 10 }).toBeGreaterThan(end)
}

const dueOf = async ({ participant: { id } }: Joined) =>
  (await domain.database.prisma.callParticipant.findUniqueOrThrow({ where: { id: rowOf(id) } })).dueAt!.getTime()
const isDue = ({ participant: { id } }: Joined) =>
  domain.database.sql(`update call_participant set due_at = now() where id = $1 returning 1`, [rowOf(id)])
const stateOfBen = async () => statesOf(await shown(ann, mine), ben)

describe('a node', () => {
  it('says again and again who follows their signals here, and no longer when they stop', async () => {
    const node = aNode({ callRefreshMs: 20 })
    const stop = await node.attend(rowOf(theirs.participant.id))
    const first = await dueOf(theirs)
    await expect.poll(() => dueOf(theirs)).toBeGreaterThan(first)
    stop()
    await node.close()
    const last = await dueOf(theirs)
    expect(last).toBeLessThanOrEqual(Date.now() + 10_000)
  })

  it('keeps a participant who follows on two sockets until both are gone', async () => {
    const node = aNode({ callRefreshMs: 5_000 })
    const stops = [await node.attend(rowOf(theirs.participant.id)), await node.attend(rowOf(theirs.participant.id))]
    const attended = await dueOf(theirs)
    stops[0]!()
    await node.close()
    expect(await dueOf(theirs)).toBe(attended)
    stops[1]!()
    await expect.poll(() => dueOf(theirs)).toBeLessThan(attended)
  })

  it('does by itself what is due', async () => {
    await isDue(theirs)
    const node = aNode({ callTickMs: 20 })
    await expect.poll(stateOfBen).toEqual(['LEFT'])
    await node.close()
  })

  it('that could not reach the database ends nobody’s call before others have had the time to say who is with them', async () => {
    let isAway = true
    const sql: Database['sql'] = (...statement) => (isAway ? Promise.reject(new Error('away')) : domain.database.sql(...statement))
    const node = aNode({ callRefreshMs: 500, database: { ...domain.database, sql } })
    await expect(node.tick()).rejects.toThrow('away')
    isAway = false
    await isDue(theirs)
    await node.tick()
    expect(await stateOfBen()).toEqual(['JOINED'])
    await expect
      .poll(async () => {
        await node.tick()
        return stateOfBen()
      })
      .toEqual(['LEFT'])
    await node.close()
  })

  it('that the database kept waiting ends nobody’s call by what was due then', async () => {
    let asked = 0
    const sql: Database['sql'] = async (...statement) => {
      // From then on it would find, in its turn, that nobody has said for long that Ben is there.
      if (asked >= 4) return []
      const rows = await domain.database.sql(...statement)
      if (asked++ < 2) await passed(200)
      return rows as never
    }
    await isDue(theirs)
    const node = aNode({ callRefreshMs: 200, callGraceMs: 100, callTickMs: 20, database: { ...domain.database, sql } })
    // It asked, was answered late, was quiet for a while, and asked again: what it had claimed is due again later.
    await expect.poll(() => asked).toBe(4)
    await node.close()
    expect(await stateOfBen()).toEqual(['JOINED'])
  })

  it('that stood still for a while says who is with it before it looks who is not', async () => {
    const node = aNode({ callRefreshMs: 200, callGraceMs: 300, callTickMs: 20 })
    await node.attend(rowOf(theirs.participant.id))
    const before = await dueOf(theirs)
    const end = performance.now() + 1000
    while (performance.now() < end);
    await expect.poll(() => dueOf(theirs)).toBeGreaterThan(before + 1000)
    await node.close()
    expect(await stateOfBen()).toEqual(['JOINED'])
  })

  it('sees to the calls that it can, when there is one that it cannot', async () => {
    const trouble: unknown[] = []
    const node = aNode({ onTrouble: (error) => trouble.push(error) })
    await domain.database.sql('delete from stream where id = $1 returning 1', [rowOf(theirs.participant.id)])
    const other = await call(ann, await aGroup(ann, ben))
    await domain.database.sql(`update call_participant set due_at = now() - interval '1 h' where id = $1 returning 1`, [
      rowOf(theirs.participant.id),
    ])
    await isDue(other)
    await node.tick()
    expect((await shown(ann, other)).state).toBe('ENDED')
    expect(await stateOfBen()).toEqual(['JOINED'])
    expect(trouble).toHaveLength(1)
    await node.close()
    await domain.database.sql('update call_participant set due_at = null where id = $1 returning 1', [rowOf(theirs.participant.id)])
  })
})
