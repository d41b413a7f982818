import { expect, it } from 'vitest'
import { orThrow, type Person } from './person.ts'
import { inEachWorld } from './world.ts'

inEachWorld('taking back what was said', (world) => {
  const edit = async (person: Person, messageId: string, content: string) =>
    orThrow(
      await person.ask('mutation ($input: EditMessageInput!) { editMessage(input: $input) { message { id } } }', {
        input: { messageId, content },
      }),
    )
  /** Shows more of the room than the event is about. */
  const widely = `subscription ($roomId: ID!, $after: Cursor) { roomEvents(roomId: $roomId, after: $after) { __typename seq
    ... on MessageAdded { message { content replyTo { content } } room { lastMessage { content } messages(last: 5) { nodes { content } } } }
    ... on MessageDeleted { message { content deletedAt } }
    ... on MessageEdited { message { content editedAt } }
    ... on RoomUpdated { room { lastMessage { content } } } } }`

  async function stage() {
    const [here, there = here] = world().nodes
    const ada = await world().aPerson('Ada', here)
    const ben = await world().aPerson('Ben', there)
    const roomId = await ada.make(ben)
    // Once they have heard something, both nodes have a ring of the room, with what is rendered for this document in it.
    const listening = await Promise.all([ada, ben].map(async (person) => hear(person, roomId, await person.cursorOf(roomId))))
    await ada.say(roomId, 'Hello')
    for (const one of listening) await one.upTo(1)
    const cursor = await ada.cursorOf(roomId)
    return { ada, ben, roomId, cursor, listening }
  }

  function hear(person: Person, roomId: string, after: string) {
    const client = person.connect()
    const frames = client.iterate({ query: widely, variables: { roomId, after } })
    return {
      /** What comes up to that event, as text. */
      async upTo(last: number): Promise<string> {
        const texts: string[] = []
        for await (const { data, errors } of { [Symbol.asyncIterator]: () => ({ next: () => frames.next() }) }) {
          if (errors) throw errors[0]
          texts.push(JSON.stringify(data))
          if ((data as { roomEvents: { seq: number } }).roomEvents.seq === last) break
        }
        return texts.join('\n')
      },
      stop: () => client.dispose(),
    }
  }

  it('an edit reaches everybody, and whoever comes back later on any node hears only what it says now', async () => {
    const { ada, ben, roomId, cursor, listening } = await stage()
    const messageId = await ada.say(roomId, 'The password is 1234')
    orThrow(await ada.ask('mutation ($roomId: ID!) { updateRoom(input: { roomId: $roomId, topic: "x" }) { room { id } } }', { roomId }))
    for (const one of listening) expect(await one.upTo(3)).toContain('1234')
    await edit(ada, messageId, 'Never mind')
    for (const one of listening) expect(await one.upTo(4)).toMatch(/MessageEdited.*Never mind/)
    for (const person of [ada, ben]) {
      const late = hear(person, roomId, cursor)
      const heard = await late.upTo(4)
      expect(heard.match(/"__typename":"\w+"/g)).toHaveLength(3)
      expect(heard).not.toContain('1234')
      expect(heard.match(/Never mind/g)!.length).toBeGreaterThanOrEqual(5)
      await late.stop()
    }
    await Promise.all(listening.map((one) => one.stop()))
  })

  it('what was deleted is heard by nobody who comes back, in no page, and in nothing that the database has', async () => {
    const { ada, ben, roomId, cursor, listening } = await stage()
    const messageId = await ben.say(roomId, 'The password is 1234')
    await edit(ben, messageId, 'It is 1234, really')
    orThrow(
      await ada.ask('mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id } } }', {
        input: { roomId, content: 'Do not say so!', replyToId: messageId },
      }),
    )
    for (const one of listening) expect(await one.upTo(4)).toMatch(/"replyTo":{"content":"It is 1234, really"}/)
    orThrow(
      await ada.ask('mutation ($input: DeleteMessageInput!) { deleteMessage(input: $input) { message { id } } }', { input: { messageId } }),
    )
    for (const one of listening) expect(await one.upTo(5)).toMatch(/MessageDeleted.*"content":""/)
    for (const person of [ada, ben]) {
      const late = hear(person, roomId, cursor)
      const heard = await late.upTo(5)
      expect(heard.match(/"__typename":"\w+"/g)).toHaveLength(4)
      expect(heard).not.toContain('1234')
      expect(await person.readAll(roomId)).toEqual(['Hello', '', 'Do not say so!'])
      await late.stop()
    }
    await Promise.all(listening.map((one) => one.stop()))
  })
})
