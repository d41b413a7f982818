import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { Nobody, Person } from '../../src/graphql/actor.ts'
import { createBudget } from '../../src/graphql/budget.ts'
import { type Context, noClient } from '../../src/graphql/context.ts'
import type { Operation } from '../../src/graphql/operations.ts'
import { uuid } from '../../src/lib/uuid.ts'
import { followEvents, openSocket } from '../support/client.ts'
import { type AUser, type Parley, startParley } from '../support/parley.ts'

describe('a budget', () => {
  const by = (actor: Context['actor'], address = 'none') => ({ actor, client: { ...noClient, address } }) as unknown as Context
  const operation = (kind: Operation['kind'], cost: number) => ({ kind, cost }) as Operation
  const options = { budgetPerSecond: 1000, budgetBurst: 2000 }

  it('lets a caller have what it holds, then as much as comes back, and says when', () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const budget = createBudget(options)
    const ann = by(new Person(uuid(), uuid()))
    budget.spend(operation('query', 1500), ann)
    budget.spend(operation('query', 500), ann)
    const wait = { extensions: { code: 'RATE_LIMITED', retryAfterMs: 300 } }
    expect(() => budget.spend(operation('query', 300), ann)).toThrow(expect.objectContaining(wait))
    // A refusal takes nothing: whoever waits as told gets in.
    vi.advanceTimersByTime(300)
    budget.spend(operation('query', 300), ann)
    vi.useRealTimers()
  })

  it('counts a mutation and a cheap query for what they are at least', () => {
    const budget = createBudget(options)
    const [ann, ben] = [by(new Person(uuid(), uuid())), by(new Person(uuid(), uuid()))]
    for (let n = 0; n < 20; n++) budget.spend(operation('mutation', 3), ann)
    expect(() => budget.spend(operation('mutation', 3), ann)).toThrow()
    for (let n = 0; n < 200; n++) budget.spend(operation('query', 0), ben)
    expect(() => budget.spend(operation('query', 0), ben)).toThrow()
  })

  it('is one for each person, and for each address where nobody is signed in', () => {
    const budget = createBudget(options)
    const one = by(new Nobody(), '192.0.2.1')
    budget.spend(operation('query', 2000), one)
    expect(() => budget.spend(operation('query', 10), one)).toThrow()
    budget.spend(operation('query', 2000), by(new Nobody(), '192.0.2.2'))
    budget.spend(operation('query', 2000), by(new Person(uuid(), uuid()), '192.0.2.1'))
  })

  it('lets through what costs more than it ever holds, when it is full', () => {
    const budget = createBudget(options)
    budget.spend(operation('query', 5000), by(new Nobody()))
    expect(() => budget.spend(operation('query', 10), by(new Nobody()))).toThrow()
  })

  it('is forgotten when it is full again, and bounded whatever comes', () => {
    const budget = createBudget(options, { mostCallers: 50 })
    for (let n = 0; n < 500; n++) budget.spend(operation('query', 1000), by(new Nobody(), `192.0.2.${n}`))
    expect(budget.size).toBeLessThanOrEqual(51)
  })
})

describe('whoever asks for more than their budget', () => {
  let parley: Parley
  let ada: AUser
  beforeAll(async () => {
    parley = await startParley({ BUDGET_PER_SECOND: '1', BUDGET_BURST: '300' })
    ada = await parley.aUser()
  })
  afterAll(() => parley.close())

  const limited = { extensions: { code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) } }

  it('is refused on every way in, whatever they ask, and nobody else is', async () => {
    const roomId = await parley.aRoom(ada)
    const other = await parley.aUser()
    for (let n = 0; n < 2; n++) await parley.say(ada, roomId, 'Hello')
    const answered = await ada.post('{ viewer { id } }')
    expect(answered.status).toBe(429)
    expect(answered.errors).toEqual([expect.objectContaining(limited)])
    const socket = await openSocket(parley.socketUrl)
    await socket.enter(ada.credentials)
    socket.subscribe('query', '{ viewer { id } }')
    expect((await socket.messages.next()).payload.errors).toEqual([expect.objectContaining(limited)])
    await socket.messages.next()
    const follow = 'subscription ($roomId: ID!) { roomEvents(roomId: $roomId) { seq } }'
    socket.subscribe('follow', follow, { roomId })
    expect((await socket.messages.next()).payload).toEqual([expect.objectContaining(limited)])
    const stream = await followEvents(parley.url, { query: follow, variables: { roomId } }, ada.credentials)
    expect(stream.status).toBe(429)
    expect((await other.post('{ viewer { id } }')).errors).toBeUndefined()
    await socket.close()
  })
})
