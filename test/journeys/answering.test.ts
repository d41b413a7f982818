import { expect, it } from 'vitest'
import { isDense, orThrow, type Person } from './person.ts'
import { inEachWorld } from './world.ts'

inEachWorld('answering and reacting', (world) => {
  async function stage() {
    const [here, there = here] = world().nodes
    const [ada, ben, cid] = [await world().aPerson('Ada', here), await world().aPerson('Ben', there), await world().aPerson('Cid', there)]
    const roomId = await ada.make(ben, cid)
    return { ada, ben, cid, roomId, start: await ada.cursorOf(roomId) }
  }

  const reply = async (person: Person, input: { roomId: string; content: string; replyToId?: string; threadId?: string }) => {
    const document = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id thread { id replyCount } } } }'
    const { sendMessage } = orThrow(await person.ask<{ sendMessage: { message: Reply } }>(document, { input }))
    return sendMessage.message
  }
  interface Reply {
    id: string
    thread: { id: string; replyCount: number } | null
  }

  const react = async (person: Person, verb: 'addReaction' | 'removeReaction', messageId: string, emoji: string) => {
    const type = verb === 'addReaction' ? 'AddReactionInput' : 'RemoveReactionInput'
    orThrow(await person.ask(`mutation ($input: ${type}!) { ${verb}(input: $input) { message { id } } }`, { input: { messageId, emoji } }))
  }

  it('a question grows a thread on two nodes at once, and everybody counts the same replies', async () => {
    const { ada, ben, cid, roomId, start } = await stage()
    const question = await ada.say(roomId, 'Where shall we meet?')
    // By the message under which it begins, all at once: it begins once.
    const replies = await Promise.all(
      [ben, cid, ben, cid].map((person, index) => reply(person, { roomId, content: `Place ${index}`, threadId: question })),
    )
    expect(new Set(replies.map(({ thread }) => thread?.id)).size).toBe(1)
    expect(replies.map(({ thread }) => thread?.replyCount).sort()).toEqual([1, 2, 3, 4])
    // Answering a reply is being in its thread.
    const answer = await reply(ada, { roomId, content: 'The second', replyToId: replies[1]!.id })
    expect(answer.thread).toEqual({ id: replies[0]!.thread!.id, replyCount: 5 })
    await ada.say(roomId, 'Settled')

    const document = `query ($id: ID!) { room(id: $id) { messages(last: 10) { nodes { content thread { replyCount
      replies(first: 10) { nodes { content } } participants { name } } } } } }`
    for (const person of [ada, ben, cid]) {
      const { room } = orThrow(await person.ask<{ room: Shown }>(document, { id: roomId }))
      expect(room.messages.nodes.map(({ content }) => content)).toEqual(['Where shall we meet?', 'Settled'])
      const { thread } = room.messages.nodes[0]!
      expect(thread!.replyCount).toBe(5)
      expect(thread!.replies.nodes).toHaveLength(5)
      expect(thread!.replies.nodes.at(-1)).toEqual({ content: 'The second' })
      expect(thread!.participants.map(({ name }) => name).sort()).toEqual(['Ada', 'Ben', 'Cid'])
      // Whoever follows the room hears the replies as well, in their order.
      const listening = await person.follow(roomId, { after: start })
      await listening.hearsUpTo(7)
      expect(isDense(listening.heard)).toBe(true)
      expect(listening.contents.slice(-2)).toEqual(['The second', 'Settled'])
      await listening.stop()
    }
  })
  interface Shown {
    messages: {
      nodes: { content: string; thread: { replyCount: number; replies: { nodes: object[] }; participants: { name: string }[] } | null }[]
    }
  }

  it('one emoji from everybody, on every device and again and again, counts each person once', async () => {
    const { ada, ben, cid, roomId, start } = await stage()
    const [here, there = here] = world().nodes
    const messageId = await ada.say(roomId, 'Cake in the kitchen')
    await Promise.all(
      [ada, ben, cid, ben.on(here!), cid.on(there!), ada, ben].map((person) => react(person, 'addReaction', messageId, '🍰')),
    )
    await react(ben, 'addReaction', messageId, '👨‍👩‍👧')
    await Promise.all([cid, cid.on(here!)].map((person) => react(person, 'removeReaction', messageId, '🍰')))

    const document = 'query ($id: ID!) { message(id: $id) { reactions { emoji count viewerReacted users { name } } } }'
    for (const [person, hasReacted] of [
      [ada, true],
      [cid, false],
    ] as const) {
      const { message } = orThrow(await person.ask<{ message: { reactions: Group[] } }>(document, { id: messageId }))
      const [cake, family] = message.reactions
      expect(message.reactions).toHaveLength(2)
      expect(cake).toMatchObject({ emoji: '🍰', count: 2, viewerReacted: hasReacted })
      expect(cake!.users.map(({ name }) => name).sort()).toEqual(['Ada', 'Ben'])
      expect(family).toMatchObject({ emoji: '👨‍👩‍👧', count: 1, viewerReacted: false, users: [{ name: 'Ben' }] })
    }
    const listening = await ben.follow(roomId, { after: start })
    await listening.hearsUpTo(6)
    const heard = listening.heard.map(({ __typename }) => __typename)
    expect(heard).toEqual(['MessageAdded', ...Array(4).fill('ReactionAdded'), 'ReactionRemoved'])
    await listening.stop()
  })
  interface Group {
    emoji: string
    count: number
    viewerReacted: boolean
    users: { name: string }[]
  }
})
