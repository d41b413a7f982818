import { expect, it } from 'vitest'
import { orThrow, type Person } from './person.ts'
import { inEachWorld } from './world.ts'

const followRoom = `subscription ($id: ID!, $after: Cursor) { follow: roomEvents(roomId: $id, after: $after) { __typename seq
  ... on MessageAdded { room { pinnedMessages { content } } }
  ... on MessageEdited { message { content isPinned } }
  ... on MessageDeleted { message { content isPinned } }
  ... on MessagePinned { actor { name } message { content isPinned } room { pinnedMessages { content } } }
  ... on MessageUnpinned { actor { name } message { content isPinned } room { pinnedMessages { content } } } } }`
const followTeam = `subscription ($id: ID!, $after: Cursor) { follow: teamEvents(teamId: $id, after: $after) { __typename seq
  ... on ChannelUpdated { channel { topic pinnedMessages { content } lastMessage { content } } } } }`

type Event = Readonly<Record<string, unknown>> & { readonly seq: number }

inEachWorld('pins', (world) => {
  const write = async (person: Person, mutation: string, input: Record<string, unknown>) => {
    const type = `${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input`
    return orThrow(await person.ask(`mutation ($input: ${type}!) { ${mutation}(input: $input) { __typename } }`, { input }))
  }
  const pinsOf = async (person: Person, id: string) => {
    const query = 'query ($id: ID!) { node(id: $id) { ... on Room { pinnedMessages { content } } } }'
    const { node } = orThrow(await person.ask<{ node: { pinnedMessages: { content: string }[] } }>(query, { id }))
    return node.pinnedMessages.map(({ content }) => content)
  }
  const pins = (...contents: string[]) => ({ pinnedMessages: contents.map((content) => ({ content })) })

  function hear(person: Person, query: string, id: string, after: string) {
    const client = person.connect()
    const frames = client.iterate<{ follow: Event }>({ query, variables: { id, after } })
    return {
      async upTo(last: number): Promise<Event[]> {
        const events: Event[] = []
        for await (const { data, errors } of { [Symbol.asyncIterator]: () => ({ next: () => frames.next() }) }) {
          if (errors) throw errors[0]
          events.push(data!.follow)
          if (data!.follow.seq === last) break
        }
        return events
      },
      stop: () => client.dispose(),
    }
  }

  async function aRoom() {
    const [here, there = here] = world().nodes
    const [ada, ben] = await Promise.all([world().aPerson('Ada', here), world().aPerson('Ben', there)])
    const roomId = await ada.make(ben)
    return { ada, ben, roomId, cursor: await ada.cursorOf(roomId) }
  }

  it('are heard of by everybody in their turn, and by whoever comes back as they are now', async () => {
    const { ada, ben, roomId, cursor } = await aRoom()
    const listening = [hear(ada, followRoom, roomId, cursor), hear(ben, followRoom, roomId, cursor)]
    const everybodyHears = async (event: Event) => {
      for (const each of listening) expect((await each.upTo(event.seq)).at(-1)).toEqual(event)
    }
    const byAda = { actor: { name: 'Ada' } }
    const one = await ben.say(roomId, 'One')
    await write(ada, 'pinMessage', { messageId: one })
    await everybodyHears({ __typename: 'MessagePinned', seq: 2, ...byAda, message: { content: 'One', isPinned: true }, room: pins('One') })
    const two = await ada.say(roomId, 'Two')
    await write(ada.on(world().nodes.at(-1)!), 'pinMessage', { messageId: two })
    const both = pins('Two', 'One')
    await everybodyHears({ __typename: 'MessagePinned', seq: 4, ...byAda, message: { content: 'Two', isPinned: true }, room: both })
    await write(ben, 'editMessage', { messageId: one, content: 'One, edited' })
    await everybodyHears({ __typename: 'MessageEdited', seq: 5, message: { content: 'One, edited', isPinned: true } })
    await write(ada, 'unpinMessage', { messageId: two })
    const left = pins('One, edited')
    await everybodyHears({ __typename: 'MessageUnpinned', seq: 6, ...byAda, message: { content: 'Two', isPinned: false }, room: left })
    // After the edit every list that is shown anew says what the message says now.
    for (const person of [ada, ben]) {
      const late = hear(person, followRoom, roomId, cursor)
      const heard = await late.upTo(6)
      expect(heard.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6])
      expect(heard.at(-1)).toMatchObject({ room: left })
      expect(JSON.stringify(heard)).not.toContain('"One"')
      expect(await pinsOf(person, roomId)).toEqual(['One, edited'])
      await late.stop()
    }
    await Promise.all(listening.map((each) => each.stop()))
  })

  it('that are deleted are unpinned before, and shown in no list to whoever comes back', async () => {
    const { ada, ben, roomId, cursor } = await aRoom()
    const listening = [hear(ada, followRoom, roomId, cursor), hear(ben, followRoom, roomId, cursor)]
    const messageId = await ben.say(roomId, 'The password is 1234')
    await write(ada, 'pinMessage', { messageId })
    await ada.say(roomId, 'See above')
    for (const each of listening) expect((await each.upTo(3)).at(-1)).toMatchObject({ room: pins('The password is 1234') })
    await write(ben, 'deleteMessage', { messageId })
    for (const each of listening)
      expect(await each.upTo(5)).toEqual([
        { __typename: 'MessageUnpinned', seq: 4, actor: { name: 'Ben' }, message: { content: '', isPinned: false }, room: pins() },
        { __typename: 'MessageDeleted', seq: 5, message: { content: '', isPinned: false } },
      ])
    for (const person of [ada, ben]) {
      const late = hear(person, followRoom, roomId, cursor)
      const heard = await late.upTo(5)
      expect(heard).toHaveLength(5)
      expect(JSON.stringify(heard)).not.toContain('1234')
      expect(await pinsOf(person, roomId)).toEqual([])
      await late.stop()
    }
    await Promise.all(listening.map((each) => each.stop()))
  })

  it('of a channel that were deleted are shown by no event of its team either', async () => {
    const [here, there = here] = world().nodes
    const [ada, ben] = await Promise.all([world().aPerson('Ada', here), world().aPerson('Ben', there)])
    const { createTeam } = orThrow(
      await ada.ask<{ createTeam: { team: { id: string }; channel: { id: string } } }>(
        'mutation { createTeam(input: { name: "Crew" }) { team { id } channel { id } } }',
      ),
    )
    const [teamId, channelId] = [createTeam.team.id, createTeam.channel.id]
    await write(ada, 'addTeamMember', { teamId, userId: ben.id })
    const { team } = orThrow(await ada.ask<{ team: { cursor: string } }>('query ($id: ID!) { team(id: $id) { cursor } }', { id: teamId }))
    const listening = [hear(ada, followTeam, teamId, team.cursor), hear(ben, followTeam, teamId, team.cursor)]
    const messageId = await ben.say(channelId, 'The password is 1234')
    await write(ada, 'pinMessage', { messageId })
    await write(ada, 'updateRoom', { roomId: channelId, topic: 'Secrets' })
    // Ben joins the team; its channel has another topic.
    for (const each of listening) expect(JSON.stringify(await each.upTo(2))).toMatch(/pinnedMessages.*1234.*lastMessage.*1234/)
    await write(ben, 'deleteMessage', { messageId })
    for (const person of [ada, ben]) {
      const late = hear(person, followTeam, teamId, team.cursor)
      const heard = await late.upTo(2)
      expect(heard.at(-1)).toMatchObject({ __typename: 'ChannelUpdated', channel: { ...pins(), lastMessage: { content: '' } } })
      expect(JSON.stringify(heard)).not.toContain('1234')
      await late.stop()
    }
    await Promise.all(listening.map((each) => each.stop()))
  })
})
