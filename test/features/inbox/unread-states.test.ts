import { beforeAll, expect, it } from 'vitest'
import { UnreadStates } from '../../../src/features/inbox/unread-states.ts'
import { aDomain, type Domain } from '../../support/domain.ts'
import { holdDatabase } from '../../support/held-database.ts'
import { aGroup } from '../../support/rooms.ts'

let domain: Domain
beforeAll(async () => {
  domain = await aDomain()
})

it('brings the rows it was counted with, until something was taken back that may stand in them', async () => {
  const [ann, ben] = [await domain.aPerson('Ann'), await domain.aPerson('Ben')]
  const room = await aGroup(ann, ben)
  await ann.run(`mutation { sendMessage(input: { roomId: "${room.globalId}", content: "The password is 1234" }) { message { id } } }`)
  const states = new UnreadStates(domain.database)
  const seat = { userId: ben.id, room: { id: room.id, takenBack: 0 } }
  const state = await states.ask(seat)
  expect(state).toMatchObject({ type: 'UnreadChanged', data: { roomId: room.id }, unread: { unreadCount: 1, unreadMentionCount: 0 } })
  expect(JSON.stringify(state.rows)).toContain('1234')
  expect(Object.keys(state)).not.toContain('rows')
  seat.room.takenBack++
  expect(state.rows).toBeUndefined()
})

it('counts what is asked for meanwhile next, once for all who ask, and waits for what is under way when it closes', async () => {
  const database = holdDatabase(domain.database)
  const states = new UnreadStates(database)
  const ben = await domain.aPerson('Ben')
  const room = await aGroup(await domain.aPerson('Ann'), ben)
  const seat = { userId: ben.id, room: { id: room.id, takenBack: 0 } }
  const counting = database.hold('as "unreadMentionCount"')
  const first = states.ask(seat)
  await counting.waits()
  const second = states.ask(seat)
  expect(second).not.toBe(first)
  expect(states.ask(seat)).toBe(second)
  counting.release()
  expect((await second).at.getTime()).toBeGreaterThanOrEqual((await first).at.getTime())

  const last = database.hold('as "unreadMentionCount"')
  const underWay = states.ask(seat)
  await last.waits()
  void states.ask(seat)
  const before = database.statements.length
  const closed = states.close()
  last.release()
  await Promise.all([underWay, closed])
  expect(database.statements.slice(before).some(({ text }) => text.includes('from room r'))).toBe(false)
})
