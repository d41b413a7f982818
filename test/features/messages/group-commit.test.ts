import { describe, expect, it } from 'vitest'
import { GroupCommit } from '../../../src/features/messages/group-commit.ts'

/** A database that keeps what was committed, and can be held up or made to fail. */
function aStore() {
  const batches: string[][] = []
  const gates: (() => void)[] = []
  let failures: unknown[] = []
  return {
    batches,
    gates,
    isHeld: false,
    failWith(...errors: unknown[]) {
      failures = errors
    },
    async commit(this: void, inputs: readonly string[]): Promise<readonly string[]> {
      batches.push([...inputs])
      if (store.isHeld) await new Promise<void>((open) => gates.push(open))
      const failure = failures.shift()
      if (failure) throw failure
      if (inputs.some((input) => input.startsWith('bad'))) throw databaseError('22021')
      return inputs.map((input) => input.toUpperCase())
    },
  }
}

let store: ReturnType<typeof aStore>

function aGroupCommit({ batchMost = 256, waitingMost = 1000, attempts = 3 } = {}) {
  store = aStore()
  return new GroupCommit({ commit: store.commit, batchMost, waitingMost, attempts })
}

function databaseError(code: string): Error {
  return Object.assign(new Error(`The database says ${code}.`), { code })
}

/** The thread has read what there was to read, and the commit is under way. */
const begun = () => new Promise((resolve) => setImmediate(resolve))

describe('group commit', () => {
  it('takes along what other sockets held ready when the first came', async () => {
    const group = aGroupCommit()
    const first = group.add('a')
    // Another socket's turn: after everything that the first one led to.
    const second = new Promise((resolve) => process.nextTick(() => queueMicrotask(() => resolve(group.add('b')))))
    expect(await Promise.all([first, second])).toEqual(['A', 'B'])
    expect(store.batches).toEqual([['a', 'b']])
  })

  it('takes along, in the next commit, what came while one was under way', async () => {
    const group = aGroupCommit()
    store.isHeld = true
    const first = group.add('a')
    await begun()
    const others = ['b', 'c', 'd'].map((input) => group.add(input))
    store.isHeld = false
    store.gates[0]!()
    expect(await Promise.all([first, ...others])).toEqual(['A', 'B', 'C', 'D'])
    expect(store.batches).toEqual([['a'], ['b', 'c', 'd']])
  })

  it('commits at once what comes alone, and starts again after a rest', async () => {
    const group = aGroupCommit()
    expect(await group.add('a')).toBe('A')
    expect(await group.add('b')).toBe('B')
    expect(store.batches).toEqual([['a'], ['b']])
  })

  it('lets no more ride together than a batch holds', async () => {
    const group = aGroupCommit({ batchMost: 2 })
    await Promise.all(['a', 'b', 'c', 'd', 'e'].map((input) => group.add(input)))
    expect(store.batches).toEqual([['a', 'b'], ['c', 'd'], ['e']])
  })

  it('fails the guilty one alone, and keeps the order of the others', async () => {
    const group = aGroupCommit()
    const answers = await Promise.allSettled(['a', 'b', 'bad', 'c', 'd'].map((input) => group.add(input)))
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
    const committed = store.batches.filter((batch) => !batch.includes('bad')).flat()
    expect(committed).toEqual(['a', 'b', 'c', 'd'])
  })

  it('does not ask a database that cannot answer again for each half', async () => {
    const group = aGroupCommit()
    store.failWith(databaseError('53100'))
    const answers = await Promise.allSettled(['a', 'b', 'c'].map((input) => group.add(input)))
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(store.batches).toHaveLength(1)
  })

  it.each([
    ['a deadlock', '40P01'],
    ['a serialisation failure', '40001'],
    ['a connection lost in the middle', 'ECONNRESET'],
    ['a database that is starting', '57P03'],
  ])('repeats the same batch after %s', async (_what, code) => {
    const group = aGroupCommit()
    store.failWith(databaseError(code), databaseError(code))
    expect(await Promise.all([group.add('a'), group.add('b')])).toEqual(['A', 'B'])
    expect(store.batches).toEqual([
      ['a', 'b'],
      ['a', 'b'],
      ['a', 'b'],
    ])
  })

  it('gives up in the end, tells everybody why, and goes on with the next', async () => {
    const group = aGroupCommit()
    const lost = databaseError('ECONNREFUSED')
    store.failWith(lost, lost, lost)
    const answers = await Promise.allSettled([group.add('a'), group.add('b')])
    expect(answers).toEqual([
      { status: 'rejected', reason: lost },
      { status: 'rejected', reason: lost },
    ])
    expect(await group.add('c')).toBe('C')
  })

  it('refuses what is more than may wait, and takes more once it has caught up', async () => {
    const group = aGroupCommit({ batchMost: 2, waitingMost: 3 })
    const taken = ['a', 'b', 'c'].map((input) => group.add(input))
    await expect(group.add('d')).rejects.toMatchObject({ code: 'RATE_LIMITED' })
    expect(await Promise.all(taken)).toEqual(['A', 'B', 'C'])
    expect(await group.add('d')).toBe('D')
  })
})
