import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Parley, startParley } from '../support/parley.ts'
import { sharedPostgres } from '../support/postgres.ts'
import { type Redis, startRedis } from '../support/redis.ts'
import { describeWith } from '../support/services.ts'
import { until } from '../support/until.ts'
import { aPerson, orThrow, type Person } from './person.ts'
import { inEachWorld, startNodes, type World } from './world.ts'

interface Word {
  readonly user: { readonly name: string }
  readonly isTyping: boolean
  readonly expiresAt: string | null
}

/** What somebody is told of a room, on a socket of their own. */
async function watch(person: Person, roomId: string) {
  const client = person.connect()
  const heard: string[] = []
  const words: Word[] = []
  const ended = new Promise<unknown>((resolve) => {
    client.subscribe<{ typing: Word }>(
      { query: 'subscription ($roomId: ID!) { typing(roomId: $roomId) { user { name } isTyping expiresAt } }', variables: { roomId } },
      {
        next({ data }) {
          words.push(data!.typing)
          heard.push(`${data!.typing.user.name} ${data!.typing.isTyping ? 'types' : 'stops'}`)
        },
        error: (errors) => resolve((errors as { extensions: { code: string } }[])[0]?.extensions.code),
        complete: () => resolve('complete'),
      },
    )
  })
  // Operations of a socket begin in their order.
  await run(client, '{ viewer { id } }')
  return { heard, words, ended, stop: () => client.dispose() }
}

/** A device on which somebody types. */
function aDevice(person: Person) {
  const client = person.connect()
  // Its socket stays open for this.
  client.subscribe({ query: 'subscription { inbox { __typename } }' }, { next: () => {}, error: () => {}, complete: () => {} })
  return {
    type: (roomId: string, isTyping = true) =>
      run(client, 'mutation ($input: SetTypingInput!) { setTyping(input: $input) { room { id } } }', { input: { roomId, isTyping } }),
    say: (roomId: string, content: string) =>
      run(client, 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id } } }', { input: { roomId, content } }),
    /** Without a goodbye. */
    vanish: () => client.terminate(),
    stop: () => client.dispose(),
  }
}

function run(client: ReturnType<Person['connect']>, query: string, variables: Record<string, unknown> = {}): Promise<unknown> {
  return new Promise((resolve, reject) => {
    client.subscribe(
      { query, variables },
      { next: ({ data, errors }) => (errors ? reject(errors[0]) : resolve(data)), error: reject, complete: () => {} },
    )
  })
}

async function typingIn(person: Person, roomId: string): Promise<string[]> {
  const document = 'query ($id: ID!) { room(id: $id) { typing { name } } }'
  return orThrow(await person.ask<{ room: { typing: { name: string }[] } }>(document, { id: roomId })).room.typing.map(({ name }) => name)
}

const hears = (heard: readonly string[], ...wanted: string[]) =>
  until(() => heard.length >= wanted.length, { what: `${wanted.join(', ')}, after ${heard.join(', ')}` }).then(() =>
    expect(heard).toEqual(wanted),
  )

/** Ada and Ben, on different nodes where there are two, in a group. */
async function aGroup(world: World) {
  const [here, there = here] = world.nodes
  const [ada, ben] = [await world.aPerson('Ada', here), await world.aPerson('Ben', there)]
  return { ada, ben, roomId: await ada.make(ben) }
}

inEachWorld('typing', (world) => {
  it('is told to the others from when they look until it is over, and never to the typist', async () => {
    const { ada, ben, roomId } = await aGroup(world())
    const phone = aDevice(ada)
    await phone.type(roomId)
    await until(async () => (await typingIn(ben, roomId)).join() === 'Ada')
    expect(await typingIn(ada, roomId)).toEqual([])
    const [bens, adas] = [await watch(ben, roomId), await watch(ada, roomId)]
    await hears(bens.heard, 'Ada types')
    const left = new Date(bens.words[0]!.expiresAt!).getTime() - Date.now()
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThanOrEqual(8000)
    await phone.type(roomId, false)
    await hears(bens.heard, 'Ada types', 'Ada stops')
    expect(bens.words[1]!.expiresAt).toBeNull()
    await until(async () => (await typingIn(ben, roomId)).length === 0)
    const tablet = aDevice(ben)
    await tablet.type(roomId)
    await hears(adas.heard, 'Ben types')
    expect(bens.heard).toHaveLength(2)
    for (const one of [phone, tablet, bens, adas]) await one.stop()
  })

  it('ends when the person says something, wherever they say it', async () => {
    const { ada, ben, roomId } = await aGroup(world())
    const [here, there = here] = world().nodes
    const bens = await watch(ben, roomId)
    const phone = aDevice(ada)
    for (const node of [here!, there!]) {
      const before = bens.heard.length
      await phone.type(roomId)
      await until(() => bens.heard.length === before + 1)
      await ada.on(node).say(roomId, 'There')
      await until(() => bens.heard.length === before + 2)
    }
    await phone.type(roomId)
    await phone.say(roomId, 'And here')
    await hears(bens.heard, 'Ada types', 'Ada stops', 'Ada types', 'Ada stops', 'Ada types', 'Ada stops')
    expect(await typingIn(ben, roomId)).toEqual([])
    await phone.stop()
    await bens.stop()
  })

  it('ends with the device, but not while the person types on another', async () => {
    const { ada, ben, roomId } = await aGroup(world())
    const [here, there = here] = world().nodes
    const bens = await watch(ben, roomId)
    const [phone, tablet] = [aDevice(ada.on(here!)), aDevice(ada.on(there!))]
    await phone.type(roomId)
    await tablet.type(roomId)
    await hears(bens.heard, 'Ada types', 'Ada types')
    phone.vanish()
    await hears(bens.heard, 'Ada types', 'Ada types', 'Ada types')
    expect(await typingIn(ben, roomId)).toEqual(['Ada'])
    tablet.vanish()
    await hears(bens.heard, 'Ada types', 'Ada types', 'Ada types', 'Ada stops')
    await Promise.all([phone, tablet, bens].map((one) => one.stop()))
  })

  it('is nothing for whoever does not see the room, and ends with NOT_FOUND when they no longer do', async () => {
    const { ada, ben, roomId } = await aGroup(world())
    const cid = await world().aPerson('Cid')
    expect(await (await watch(cid, roomId)).ended).toBe('NOT_FOUND')
    const bens = await watch(ben, roomId)
    await ada.remove(roomId, ben)
    expect(await bens.ended).toBe('NOT_FOUND')
    await aDevice(ada).type(roomId)
    expect(bens.heard).toEqual([])
    await bens.stop()
  })
})

it('lapses by itself, embedded', async () => {
  const parley = await startParley({ TYPING_MS: '150' })
  await lapses({ nodes: [parley] })
  await parley.close()
})

/** Somebody says that they type over HTTP, where nothing can go, and says no more. */
async function lapses({ nodes }: { nodes: readonly Parley[] }): Promise<void> {
  const [ada, ben] = [await aPerson(nodes[0]!, 'Ada'), await aPerson(nodes.at(-1)!, 'Ben')]
  const roomId = await ada.make(ben)
  const bens = await watch(ben, roomId)
  orThrow(await ada.ask('mutation ($roomId: ID!) { setTyping(input: { roomId: $roomId, isTyping: true }) { room { id } } }', { roomId }))
  await hears(bens.heard, 'Ada types', 'Ada stops')
  await until(async () => (await typingIn(ben, roomId)).length === 0)
  await bens.stop()
}

describeWith(['postgres', 'redis'], 'typing while Redis restarts', () => {
  let redis: Redis
  let world: World
  beforeAll(async () => {
    redis = await startRedis()
    const env = {
      DATABASE_URL: await (await sharedPostgres()).createDatabase(),
      REDIS_URL: redis.url,
      TYPING_MS: '1000',
      TYPING_REPEAT_MS: '300',
    }
    world = await startNodes({ count: 2, env })
  })
  afterAll(async () => {
    await world?.close()
    await redis?.stop()
  })

  it('lapses on every node', () => lapses(world), 20_000)

  it('ends by itself everywhere, fails nobody meanwhile, and is told again when Redis is back', async () => {
    const { ada, ben, roomId } = await aGroup(world)
    const watching = [await watch(ben, roomId), await watch(ben.on(world.nodes[0]!), roomId)]
    const phone = aDevice(ada)
    await phone.type(roomId)
    for (const { heard } of watching) await hears(heard, 'Ada types')
    await redis.kill()
    for (const { heard } of watching) await hears(heard, 'Ada types', 'Ada stops')
    const start = performance.now()
    await phone.type(roomId)
    expect(await typingIn(ben, roomId)).toEqual([])
    const late = await watch(ben, roomId)
    expect(performance.now() - start).toBeLessThan(3000)
    await redis.start()
    await until(async () => {
      await phone.type(roomId)
      return [...watching, late].every(({ heard }) => heard.at(-1) === 'Ada types')
    })
    await phone.type(roomId, false)
    for (const { heard } of [...watching, late]) await until(() => heard.at(-1) === 'Ada stops')
    await Promise.all([...watching, late, phone].map((one) => one.stop()))
  }, 40_000)
})
