import { expect, it } from 'vitest'
import { orThrow, type Person } from './person.ts'
import { inEachWorld } from './world.ts'

interface Told {
  readonly __typename: string
  readonly cursor: string
  readonly roomId?: string
  readonly messageId?: string
  readonly message?: { readonly content: string; readonly mentions: readonly { readonly name: string }[] } | null
}

inEachWorld('being mentioned', (world) => {
  /** Shows more of the room than the event is about. */
  const document = `subscription ($after: Cursor) { inbox(after: $after) { __typename cursor
    ... on Mentioned { roomId messageId message { content mentions { name } room { lastMessage { content } } } }
    ... on RoomRemoved { roomId } } }`
  const write = async (person: Person, mutation: string, input: Record<string, unknown>) => {
    const type = `${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input`
    return orThrow(await person.ask(`mutation ($input: ${type}!) { ${mutation}(input: $input) { __typename } }`, { input }))
  }

  /** Ada on one node, Ben and Cid on another, in one room; and where Ben's inbox stands. */
  async function stage() {
    const [here, there = here] = world().nodes
    const ada = await world().aPerson('Ada', here)
    const [ben, cid] = [await world().aPerson('Ben', there), await world().aPerson('Cid', there)]
    const roomId = await ada.make(ben, cid)
    const { viewer } = orThrow(await ben.ask<{ viewer: { inboxCursor: string } }>('{ viewer { inboxCursor } }'))
    return { ada, ben, cid, roomId, after: viewer.inboxCursor }
  }

  /** What a device is told after that, each time so much more of it. */
  function listen(person: Person, after: string) {
    const client = person.connect()
    const frames = client.iterate<{ inbox: Told }>({ query: document, variables: { after } })
    return {
      async hears(count: number): Promise<Told[]> {
        const told: Told[] = []
        while (told.length < count) {
          const { value } = await frames.next()
          if (value.errors) throw value.errors[0]
          told.push(value.data.inbox)
        }
        return told
      },
      stop: () => client.dispose(),
    }
  }

  async function hear(person: Person, after: string, count: number): Promise<Told[]> {
    const device = listen(person, after)
    const told = await device.hears(count)
    await device.stop()
    return told
  }

  it('is heard of at once on every device, wherever one is, with what was said', async () => {
    const { ada, ben, cid, roomId, after } = await stage()
    const listening = [hear(ben, after, 2), hear(ben.on(world().nodes[0]!), after, 2)]
    const first = await ada.say(roomId, `Hello @${ben.handle} and @${cid.handle}`)
    const second = await cid.say(roomId, 'Nobody')
    await write(cid, 'editMessage', { messageId: second, content: `No, @${ben.handle.toUpperCase()}!` })
    for (const told of await Promise.all(listening))
      expect(told).toMatchObject([
        { __typename: 'Mentioned', roomId, messageId: first, message: { mentions: [{ name: 'Ben' }, { name: 'Cid' }] } },
        { __typename: 'Mentioned', roomId, messageId: second, message: { content: `No, @${ben.handle.toUpperCase()}!` } },
      ])
  })

  it('by what was taken back since tells nothing of what it said, on no node and to nobody who comes back', async () => {
    const { ada, ben, roomId, after } = await stage()
    const devices = world().nodes.map((node) => listen(ben.on(node), after))
    await ada.say(roomId, `Hello @${ben.handle}`)
    // Once they have heard something, each node has a ring of the inbox, with what is told from now on in it.
    const [[hello]] = (await Promise.all(devices.map((device) => device.hears(1)))) as [[Told]]
    const edited = await ada.say(roomId, `@${ben.handle} the password is 1234`)
    const deleted = await ada.say(roomId, `@${ben.handle} it is 1234, really`)
    for (const device of devices) expect(JSON.stringify(await device.hears(2)).match(/1234/g)!.length).toBeGreaterThan(1)
    await write(ada, 'editMessage', { messageId: edited, content: 'Never mind' })
    await write(ada, 'deleteMessage', { messageId: deleted })
    for (const node of world().nodes) {
      const told = await hear(ben.on(node), hello.cursor, 2)
      expect(told).toMatchObject([
        { messageId: edited, message: { content: 'Never mind', mentions: [] } },
        { messageId: deleted, message: { content: '', mentions: [] } },
      ])
      expect(JSON.stringify(told)).not.toContain('1234')
    }
    await Promise.all(devices.map((device) => device.stop()))
  })

  it('keeps its ids, and shows nothing more, once one has been removed', async () => {
    const { ada, ben, roomId, after } = await stage()
    const messageId = await ada.say(roomId, `Hello @${ben.handle}`)
    expect(await hear(ben, after, 1)).toMatchObject([{ message: { content: `Hello @${ben.handle}` } }])
    await ada.remove(roomId, ben)
    expect(await hear(ben, after, 2)).toMatchObject([
      { __typename: 'Mentioned', roomId, messageId, message: null },
      { __typename: 'RoomRemoved', roomId },
    ])
  })

  it('is shown to everybody who follows the room, with the message and when it is edited', async () => {
    const { ada, ben, cid, roomId } = await stage()
    const after = await ada.cursorOf(roomId)
    const query = `subscription ($roomId: ID!, $after: Cursor) { roomEvents(roomId: $roomId, after: $after) {
      ... on MessageAdded { message { mentions { handle } } } ... on MessageEdited { message { mentions { handle } } } } }`
    const messageId = await ada.say(roomId, `Hello @${cid.handle} and @${ben.handle}`)
    const clients = [ada, ben, cid].map((person) => person.connect())
    const shown = clients.map((client) =>
      client.iterate<{ roomEvents: { message: { mentions: { handle: string }[] } } }>({ query, variables: { roomId, after } }),
    )
    const expectOfAll = async (...people: Person[]) => {
      for (const events of shown) {
        const { value } = await events.next()
        expect(value.data.roomEvents.message.mentions).toEqual(people.map(({ handle }) => ({ handle })))
      }
    }
    await expectOfAll(cid, ben)
    await write(ada, 'editMessage', { messageId, content: `Hello @${ben.handle}` })
    await expectOfAll(ben)
    for (const client of clients) await client.dispose()
  })
})
