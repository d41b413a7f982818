import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Attendance, createAttendance } from '../../src/engine/attendance.ts'
import { createMemoryBus } from '../../src/engine/bus-memory.ts'
import { createHear } from '../../src/engine/hearing.ts'
import { createHub, type Hub } from '../../src/engine/hub.ts'
import { createTransact, type StoredEvent, type Transact } from '../../src/store/transact.ts'
import { aDomain, type Domain } from '../support/domain.ts'
import { until } from '../support/until.ts'

describe('attendance', () => {
  let domain: Domain
  let hub: Hub
  let attendance: Attendance
  let transact: Transact
  beforeAll(async () => {
    domain = await aDomain()
    hub = createHub({
      log: domain.services.log,
      bus: createMemoryBus(() => {}),
      hydrate: async (events) => events.map(() => []),
      outdates: () => undefined,
      onTrouble: () => {},
      ringEvents: 100,
      ringBytes: 1 << 20,
      gapWaitMs: 20,
      lingerMs: 0,
      acknowledgeWaitMs: 1000,
      headCheckMs: 1000,
      headCheckAllMs: 10_000,
      checksHeads: false,
    })
    attendance = createAttendance(createHear(hub))
    transact = createTransact(domain.database, hub.ring)
  })
  afterAll(() => hub.close())

  it('tells every guest of a person what comes into the inbox after they arrived', async () => {
    const { id } = await domain.aPerson()
    await append(id)
    const phone = await aGuest(id)
    await append(id)
    const laptop = await aGuest(id)
    await append(id)
    await until(() => phone.heard.length === 2 && laptop.heard.length === 1)
    expect(phone.heard.map(({ seq }) => seq)).toEqual([2, 3])
    expect(laptop.heard.map(({ seq }) => seq)).toEqual([3])
    expect(attendance.guestsOf(id)).toBe(2)
    phone.leave()
    laptop.leave()
  })

  it('tells nobody else, and nobody who has left', async () => {
    const [ann, bob] = [await domain.aPerson(), await domain.aPerson()]
    const [gone, other, witness] = [await aGuest(ann.id), await aGuest(bob.id), await aGuest(ann.id)]
    gone.leave()
    gone.leave()
    await append(ann.id)
    await until(() => witness.heard.length === 1)
    expect([...gone.heard, ...other.heard]).toEqual([])
    witness.leave()
    other.leave()
  })

  it('lets go of an inbox with its last guest', async () => {
    await until(() => hub.size === 0)
    const people = await Promise.all(Array.from({ length: 10 }, () => domain.aPerson()))
    const guests = await Promise.all(people.flatMap(({ id }) => [aGuest(id), aGuest(id)]))
    expect(hub.size).toBe(10)
    for (const { leave } of guests) leave()
    await until(() => hub.size === 0)
    for (const { id } of people) expect(attendance.guestsOf(id)).toBe(0)
  })

  async function aGuest(personId: string) {
    const heard: StoredEvent[] = []
    const leave = await attendance.attend(personId, { heard: (event) => heard.push(event) })
    return { heard, leave }
  }

  async function append(id: string): Promise<void> {
    await transact([id], async (tx) => {
      tx.append(id, { type: 'Counted', data: {} })
    })
  }
})
