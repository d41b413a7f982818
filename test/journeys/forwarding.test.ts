import { expect, it } from 'vitest'
import { orThrow, type Person } from './person.ts'
import { inEachWorld } from './world.ts'

const followRoom = `subscription ($id: ID!, $after: Cursor) { roomEvents(roomId: $id, after: $after) { __typename seq
  ... on MessageAdded { message { content isForwarded forwardedFrom { content sender { name } } } } } }`

interface Event {
  readonly __typename: string
  readonly seq: number
  readonly message?: { readonly content: string; readonly isForwarded: boolean; readonly forwardedFrom: object | null }
}
interface Forward {
  readonly id: string
  readonly seq: number
  readonly content: string
}

inEachWorld('forwarding', (world) => {
  const forward = async (person: Person, messageId: string, toRoomId: string, nonce?: string) => {
    const query = 'mutation ($input: ForwardMessageInput!) { forwardMessage(input: $input) { message { id seq content } } }'
    const { forwardMessage } = orThrow(
      await person.ask<{ forwardMessage: { message: Forward } }>(query, { input: { messageId, toRoomId, nonce } }),
    )
    return forwardMessage.message
  }
  const write = async (person: Person, mutation: string, input: Record<string, unknown>) => {
    const type = `${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input`
    return orThrow(await person.ask(`mutation ($input: ${type}!) { ${mutation}(input: $input) { __typename } }`, { input }))
  }

  function hear(person: Person, id: string, after: string) {
    const client = person.connect()
    const frames = client.iterate<{ roomEvents: Event }>({ query: followRoom, variables: { id, after } })
    return {
      async upTo(last: number): Promise<Event[]> {
        const events: Event[] = []
        for await (const { data, errors } of { [Symbol.asyncIterator]: () => ({ next: () => frames.next() }) }) {
          if (errors) throw errors[0]
          events.push(data!.roomEvents)
          if (data!.roomEvents.seq === last) break
        }
        return events
      },
      stop: () => client.dispose(),
    }
  }
  /** All that somebody hears who comes back to a room. */
  async function heardLate(person: Person, id: string, after: string, last: number): Promise<Event[]> {
    const late = hear(person, id, after)
    const events = await late.upTo(last)
    await late.stop()
    return events
  }

  it('shows each of those who follow a room as much of where it came from as they may see, live and later', async () => {
    const [here, there = here] = world().nodes
    const [ada, ben, cid] = await Promise.all([world().aPerson('Ada', here), world().aPerson('Ben', there), world().aPerson('Cid', here)])
    const source = await ada.make(ben)
    const target = await ben.make(ada, cid)
    const cursor = await ben.cursorOf(target)
    const everybody = [ada, ben, cid]
    const listening = everybody.map((person) => hear(person, target, cursor))
    const said = await ada.say(source, 'The plan')
    await ben.say(target, 'Listen')
    expect(await forward(ben, said, target)).toMatchObject({ content: 'The plan', seq: 2 })
    await cid.say(target, 'What plan?')

    const plain = (seq: number, content: string) =>
      ({ __typename: 'MessageAdded', seq, message: { content, isForwarded: false, forwardedFrom: null } }) satisfies Event
    const copy = (forwardedFrom: object | null) =>
      ({ __typename: 'MessageAdded', seq: 2, message: { content: 'The plan', isForwarded: true, forwardedFrom } }) satisfies Event
    const heard = (from: object | null) => [plain(1, 'Listen'), copy(from), plain(3, 'What plan?')]
    const from = (content: string) => ({ content, sender: { name: 'Ada' } })
    const shown = [from('The plan'), from('The plan'), null]
    for (const [index, each] of listening.entries()) expect(await each.upTo(3)).toEqual(heard(shown[index]!))
    for (const [index, person] of everybody.entries()) expect(await heardLate(person, target, cursor, 3)).toEqual(heard(shown[index]!))

    // What becomes of the source is shown as it is to those who still see it, and the forward stays what it was.
    await write(ada, 'editMessage', { messageId: said, content: 'Another plan' })
    for (const [index, person] of everybody.entries())
      expect(await heardLate(person, target, cursor, 3)).toEqual(heard(shown[index] ? from('Another plan') : null))
    await ada.remove(source, ben)
    expect(await heardLate(ben, target, cursor, 3)).toEqual(heard(null))
    await write(ada, 'deleteMessage', { messageId: said })
    const late = await heardLate(ada, target, cursor, 3)
    expect(late).toEqual(heard(from('')))
    expect(JSON.stringify(late)).not.toContain('Another plan')
    expect(await cid.readAll(target)).toEqual(['Listen', 'The plan', 'What plan?'])
    await Promise.all(listening.map((each) => each.stop()))
  })

  it('repeated with its nonce, on whatever node, is done once; and by it people join a channel', async () => {
    const [here, there = here] = world().nodes
    const [ada, ben] = await Promise.all([world().aPerson('Ada', here), world().aPerson('Ben', there)])
    const { createTeam } = orThrow(
      await ada.ask<{ createTeam: { team: { id: string } } }>('mutation { createTeam(input: { name: "Crew" }) { team { id } } }'),
    )
    const teamId = createTeam.team.id
    await write(ada, 'addTeamMember', { teamId, userId: ben.id })
    const { createChannel } = orThrow(
      await ada.ask<{ createChannel: { channel: { id: string } } }>(
        'mutation ($input: CreateChannelInput!) { createChannel(input: $input) { channel { id } } }',
        { input: { teamId, name: 'news' } },
      ),
    )
    const channelId = createChannel.channel.id
    const cursor = await ben.cursorOf(channelId)
    const said = await ben.say(await ben.open(ada), 'We are there')
    const nodes = [here!, there!, here!, there!]
    const answers = await Promise.all(nodes.map((node) => forward(ben.on(node), said, channelId, 'once')))
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1)
    expect((await forward(ben, said, channelId, 'once')).id).toBe(answers[0]!.id)
    const heard = await heardLate(ada, channelId, cursor, answers[0]!.seq)
    expect(heard.map(({ __typename, message }) => message?.content ?? __typename)).toEqual([
      'MemberJoined',
      'Joined the room.',
      'We are there',
    ])
    expect(heard.at(-1)!.message!.forwardedFrom).toEqual({ content: 'We are there', sender: { name: 'Ben' } })
    await expect(forward(ben, answers[0]!.id, channelId, 'once')).rejects.toThrow('CONFLICT')
    expect(await ada.cursorOf(channelId)).toBe(await ben.cursorOf(channelId))
  })
})
