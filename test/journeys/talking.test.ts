import { expect, it } from 'vitest'
import { inTurns, isDense, orThrow } from './person.ts'
import { inEachWorld } from './world.ts'

inEachWorld('talking', (world) => {
  const ends = () => {
    const [here, there = here] = world().nodes
    return { here: here!, there: there! }
  }

  it('two friends sign up, open their room, and hear each other', async () => {
    const { here, there } = ends()
    const ada = await world().aPerson('Ada', here)
    const ben = await world().aPerson('Ben', there)
    const roomId = await ada.open(ben)
    expect(await ben.open(ada)).toBe(roomId)
    const adaHears = await ada.follow(roomId)
    const benHears = await ben.follow(roomId)
    await ada.say(roomId, 'Hello Ben')
    await benHears.hears('Hello Ben')
    await ben.say(roomId, 'Hello Ada')
    await adaHears.hears('Hello Ada')
    for (const listening of [adaHears, benHears]) {
      await listening.hearsUpTo(2)
      expect(listening.heard.map(({ message }) => [message!.content, message!.sender.id])).toEqual([
        ['Hello Ben', ada.id],
        ['Hello Ada', ben.id],
      ])
      await listening.stop()
    }
  })

  it('a reader who slept through 1,000 messages hears them all, none twice, in order', async () => {
    const { here, there } = ends()
    const ada = await world().aPerson('Ada', here)
    const ben = await world().aPerson('Ben', there)
    const roomId = await ada.make(ben)
    const evening = await ben.follow(roomId)
    await ada.say(roomId, 'Good night')
    await evening.hears('Good night')
    await evening.stop()

    await inTurns(1000, (number) => ada.say(roomId, `Message ${number}`), 50)
    const morning = await ben.follow(roomId, { after: evening.cursor })
    await ada.say(roomId, 'Good morning')
    await morning.hearsUpTo(1002)
    expect(isDense(morning.heard)).toBe(true)
    expect(morning.contents).toEqual((await ada.readAll(roomId)).slice(1))
    expect(new Set(morning.contents).size).toBe(1001)
    await morning.stop()
  }, 60_000)

  it('a reader whose connection is cut again and again hears everything once', async () => {
    const { here, there } = ends()
    const ada = await world().aPerson('Ada', here)
    const ben = await world().aPerson('Ben', there)
    const roomId = await ada.make(ben)
    const listening = await ben.follow(roomId)
    for (let round = 0; round < 8; round++) {
      await inTurns(20, (number) => ada.say(roomId, `${round}: ${number}`))
      await listening.hearsUpTo(20 * round + 1)
      listening.cut()
    }
    await listening.hearsUpTo(160)
    expect(listening.connections).toBeGreaterThan(4)
    expect(isDense(listening.heard)).toBe(true)
    expect(listening.contents).toEqual(await ada.readAll(roomId))
    await listening.stop()
  }, 60_000)

  it('reads a room from both its ends while messages arrive, and misses none', async () => {
    const { here, there } = ends()
    const ada = await world().aPerson('Ada', here)
    const ben = await world().aPerson('Ben', there)
    const roomId = await ada.make(ben)
    await inTurns(60, (number) => ada.say(roomId, `Before ${number}`))

    interface Page {
      room: {
        cursor: string
        messages: {
          nodes: { seq: number }[]
          pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string; endCursor: string }
        }
      }
    }
    const document = `query ($roomId: ID!, $first: Int, $after: String, $last: Int, $before: String) { room(id: $roomId) { cursor
      messages(first: $first, after: $after, last: $last, before: $before) {
        nodes { seq } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`
    const page = async (args: Record<string, unknown>) => orThrow(await ben.ask<Page>(document, { roomId, ...args })).room

    let isTalking = true
    const talking = inTurns(60, (number) => ada.say(roomId, `Meanwhile ${number}`), 2).finally(() => {
      isTalking = false
    })
    const newest = await page({ last: 5 })
    const listening = await ben.follow(roomId, { after: newest.cursor })
    const backwards = newest.messages.nodes.map(({ seq }) => seq)
    for (let at = newest.messages.pageInfo; at.hasPreviousPage; ) {
      const { nodes, pageInfo } = (await page({ last: 5, before: at.startCursor })).messages
      backwards.unshift(...nodes.map(({ seq }) => seq))
      at = pageInfo
    }
    const forwards: number[] = []
    for (let after: string | undefined; ; ) {
      const wasTalking = isTalking
      const { nodes, pageInfo } = (await page({ first: 5, after })).messages
      forwards.push(...nodes.map(({ seq }) => seq))
      after = pageInfo.endCursor ?? after
      if (!pageInfo.hasNextPage && !wasTalking) break
    }
    await talking
    await listening.hearsUpTo(120)
    const all = Array.from({ length: 120 }, (_, index) => index + 1)
    expect(forwards).toEqual(all)
    expect(backwards).toEqual(all.slice(0, backwards.length))
    expect(backwards.length).toBeGreaterThanOrEqual(60)
    // What the first page showed and what was heard after its cursor make the whole: they may overlap, and leave no gap.
    expect(isDense(listening.heard)).toBe(true)
    expect(listening.heard[0]!.seq).toBeLessThanOrEqual(backwards.length + 1)
    expect(new Set([...backwards, ...listening.heard.map(({ seq }) => seq)]).size).toBe(120)
    await listening.stop()
  }, 60_000)

  it('everybody talks at once on every node, and everybody hears the same in the same order', async () => {
    const { here, there } = ends()
    const people = await Promise.all(
      ['Ada', 'Ben', 'Cid', 'Dot'].map((name, index) => world().aPerson(name, index % 2 === 0 ? here : there)),
    )
    const roomId = await people[0]!.make(...people.slice(1))
    const listenings = await Promise.all(people.map((person) => person.follow(roomId)))
    await Promise.all(people.map((person, who) => inTurns(30, (number) => person.say(roomId, `${who} says ${number}`), 5)))
    const told = await people[0]!.readAll(roomId)
    expect(new Set(told).size).toBe(120)
    for (const listening of listenings) {
      await listening.hearsUpTo(120)
      expect(isDense(listening.heard)).toBe(true)
      expect(listening.contents).toEqual(told)
      await listening.stop()
    }
  }, 60_000)

  it('a member who leaves and comes back goes on from before, and hears what was said while away', async () => {
    const { here, there } = ends()
    const ada = await world().aPerson('Ada', here)
    const ben = await world().aPerson('Ben', there)
    const roomId = await ada.make(ben)
    const listening = await ben.follow(roomId)
    await ada.say(roomId, 'Before')
    await listening.hears('Before')
    const before = listening.cursor
    await ben.remove(roomId, ben)
    expect((await listening.ended)?.map(({ extensions }) => extensions.code)).toEqual(['NOT_FOUND'])
    await ada.say(roomId, 'While Ben is away')
    await expect(ben.cursorOf(roomId)).rejects.toThrow('NOT_FOUND')
    await ada.add(roomId, ben)
    const again = await ben.follow(roomId, { after: before })
    await ada.say(roomId, 'Since Ben is back')
    await again.hearsUpTo(7)
    expect(again.heard.map(({ __typename, message }) => message?.content ?? __typename)).toEqual([
      'MemberLeft',
      'Left the room.',
      'While Ben is away',
      'MemberJoined',
      'Joined the room.',
      'Since Ben is back',
    ])
    await again.stop()
  })

  it('ten devices race to open one direct room, and there is one', async () => {
    const { here, there } = ends()
    const ada = await world().aPerson('Ada', here)
    const ben = await world().aPerson('Ben', there)
    const opened = await Promise.all(
      Array.from({ length: 10 }, (_, index) => {
        const node = index % 4 < 2 ? here : there
        return index % 2 === 0 ? ada.on(node).open(ben) : ben.on(node).open(ada)
      }),
    )
    expect(new Set(opened).size).toBe(1)
    const rooms = '{ viewer { rooms(first: 10) { nodes { id memberCount } } } }'
    for (const person of [ada, ben])
      expect((await person.ask(rooms)).data).toEqual({ viewer: { rooms: { nodes: [{ id: opened[0], memberCount: 2 }] } } })
    const inboxes = await here.app.services.database.sql<{ count: number }>(
      `select count(*)::int as count from event where type = 'RoomAdded' and stream_id = any($1::uuid[])`,
      [[ada, ben].map(({ id }) => Buffer.from(id, 'base64url').toString().split(':')[1])],
    )
    expect(inboxes).toEqual([{ count: 2 }])
  })

  it('two nodes race with one nonce: said once, and both are told of the same message', async () => {
    const { here, there } = ends()
    const ada = await world().aPerson('Ada', here)
    const ben = await world().aPerson('Ben', there)
    const roomId = await ada.make(ben)
    const listening = await ben.follow(roomId)
    const told = await inTurns(
      30,
      (number) => Promise.all([here, there, here, there].map((node) => ada.on(node).say(roomId, `Only once ${number}`, `nonce ${number}`))),
      5,
    )
    for (const ids of told) expect(new Set(ids).size).toBe(1)
    expect(new Set(told.flat()).size).toBe(30)
    // With other words under one nonce, one of them is said and the others are told so.
    const quarrel = await Promise.allSettled(
      [here, there, here, there].map((node, number) => ada.on(node).say(roomId, `Version ${number}`, 'quarrel')),
    )
    expect(quarrel.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const one of quarrel) if (one.status === 'rejected') expect(String(one.reason)).toContain('CONFLICT')
    await listening.hearsUpTo(31)
    await ada.say(roomId, 'The end')
    await listening.hears('The end')
    expect(isDense(listening.heard)).toBe(true)
    expect(listening.heard).toHaveLength(32)
    await listening.stop()
  }, 60_000)
})
