import { expect, it } from 'vitest'
import { until } from '../support/until.ts'
import { inTurns, isDense, orThrow, type Person } from './person.ts'
import { inEachWorld } from './world.ts'

const followTeam = `subscription ($teamId: ID!, $after: Cursor!) { teamEvents(teamId: $teamId, after: $after) { __typename seq actor { id }
  ... on ChannelAdded { channel { ...Parts } } ... on ChannelUpdated { channel { ...Parts } }
  ... on ChannelArchived { channel { ...Parts } } ... on ChannelUnarchived { channel { ...Parts } } } }
  fragment Parts on Channel { id name isPrivate archivedAt team { id } }`
const followInbox = `subscription ($after: Cursor!) { inbox(after: $after) { __typename
  ... on RoomAdded { roomId room { name } } ... on RoomRemoved { roomId wasRemoved } } }`

interface Heard {
  readonly __typename: string
  readonly channel?: { readonly id: string }
}

inEachWorld('a channel', (world) => {
  const ends = () => {
    const [here, there = here] = world().nodes
    return { here: here!, there: there! }
  }

  it('is made, found, read, joined by speaking, left without being lost, archived and opened again', async () => {
    const { here, there } = ends()
    const [ada, cid] = [await world().aPerson('Ada', here), await world().aPerson('Cid', here)]
    const [ben, stranger] = [await world().aPerson('Ben', there), await world().aPerson('Stranger', there)]
    const teamId = await aTeam(ada, ben, cid)
    const [benHearsTeam, benHears] = [await hearTeam(ben, teamId), await hearInbox(ben)]

    // Ada makes a public channel and a private one with Cid. Ben is told of the first, on the other node, and of the second nothing.
    const secretId = await make(ada, teamId, { name: 'Cake for Ben', isPrivate: true })
    await ada.add(secretId, cid)
    const newsId = await make(ada, teamId, { name: 'News', topic: 'What is new' })
    await benHearsTeam.count(1)
    expect(benHearsTeam.heard).toMatchObject([
      { __typename: 'ChannelAdded', actor: { id: ada.id }, channel: { id: newsId, name: 'News', isPrivate: false, team: { id: teamId } } },
    ])
    expect(await channelsOf(ben, teamId)).toEqual(['general', 'News'])
    expect(await channelsOf(cid, teamId)).toEqual(['general', 'Cake for Ben', 'News'])
    for (const [person, roomId] of [
      [ben, secretId],
      [stranger, newsId],
    ] as const) {
      expect(await person.ask('query ($id: ID!) { room(id: $id) { id } node(id: $id) { id } }', { id: roomId })).toMatchObject({
        data: { room: null, node: null },
      })
      await expect(person.say(roomId, 'Hello')).rejects.toThrow('NOT_FOUND')
      await expect(write(person, 'joinChannel', { channelId: roomId })).rejects.toThrow('NOT_FOUND')
    }

    // Ben follows it without being in it, and is in it once he says something.
    const listening = await ben.follow(newsId)
    await ada.say(newsId, 'The first news')
    await listening.hears('The first news')
    expect(await roomsOf(ben)).toEqual(['general'])
    await ben.say(newsId, 'Good to know')
    await listening.hears('Good to know')
    expect(listening.heard.slice(1).map(({ __typename, message }) => message?.content ?? __typename)).toEqual([
      'MemberJoined',
      'Joined the room.',
      'Good to know',
    ])
    await benHears.count(1)
    expect(benHears.heard).toEqual([{ __typename: 'RoomAdded', roomId: newsId, room: { name: 'News' } }])
    expect(await roomsOf(ben)).toEqual(['News', 'general'])

    // He leaves it, and goes on hearing: the team's people may.
    await ben.remove(newsId, ben)
    await ada.say(newsId, 'Still there?')
    await listening.hears('Still there?')
    expect(listening.heard.some(({ __typename }) => __typename === 'MemberLeft')).toBe(true)
    expect(await roomsOf(ben)).toEqual(['general'])

    // Renamed and archived: the team hears it, and nobody says or changes anything any more, Ada neither.
    await write(ada, 'updateRoom', { roomId: newsId, name: 'Old news' })
    await write(ada, 'archiveRoom', { roomId: newsId })
    await write(ada, 'archiveRoom', { roomId: newsId })
    await expect(ben.say(newsId, 'Me again')).rejects.toThrow('FORBIDDEN')
    await expect(write(cid, 'joinChannel', { channelId: newsId })).rejects.toThrow('FORBIDDEN')
    await expect(ada.say(newsId, 'One more thing')).rejects.toThrow('FORBIDDEN')
    await expect(write(ada, 'updateRoom', { roomId: newsId, topic: 'Over' })).rejects.toThrow('FORBIDDEN')
    expect(await ben.readAll(newsId)).toContain('The first news')
    expect([await channelsOf(ben, teamId), await channelsOf(ben, teamId, true)]).toEqual([['general'], ['Old news']])
    expect([await roomsOf(ada), await roomsOf(ada, true)]).toEqual([['Cake for Ben', 'general'], ['Old news']])

    // And opened again: a lead may, who is not even in it.
    await ada.remove(newsId, ada)
    await write(ada, 'unarchiveRoom', { roomId: newsId })
    await ben.say(newsId, 'Here again')
    await listening.hears('Here again')
    await benHearsTeam.count(4)
    expect(benHearsTeam.heard.map(({ __typename, channel }) => [__typename, channel?.id])).toEqual(
      ['ChannelAdded', 'ChannelUpdated', 'ChannelArchived', 'ChannelUnarchived'].map((type) => [type, newsId]),
    )
    await benHears.count(3)
    expect(benHears.heard.map(({ __typename }) => __typename)).toEqual(['RoomAdded', 'RoomRemoved', 'RoomAdded'])
    expect(isDense(listening.heard)).toBe(true)
    for (const one of [listening, benHearsTeam, benHears]) await one.stop()
  }, 60_000)

  it('is joined once by each of many who speak at once, and everybody hears them join before they speak', async () => {
    const { here, there } = ends()
    const ada = await world().aPerson('Ada', here)
    const people = await inTurns(8, (number) => world().aPerson(`Person ${number}`, number % 2 ? here : there), 4)
    const teamId = await aTeam(ada, ...people)
    const newsId = await make(ada, teamId, { name: 'News' })
    const listening = await Promise.all([ada, people[0]!, people[1]!].map((person) => person.follow(newsId)))
    const messages = people.length * 5
    await inTurns(messages, (turn) => people[turn % people.length]!.on(turn % 3 ? here : there).say(newsId, `${turn}`))
    for (const one of listening) {
      await one.hearsUpTo(messages + 2 * people.length)
      expect(isDense(one.heard)).toBe(true)
      expect(one.heard.filter(({ __typename }) => __typename === 'MemberJoined')).toHaveLength(people.length)
      for (const { id } of people) {
        const first = one.heard.find(({ message }) => message?.sender.id === id)
        expect(first!.message!.content).toBe('Joined the room.')
      }
      expect(one.contents.filter((content) => content !== 'Joined the room.').sort()).toEqual(
        Array.from({ length: messages }, (_, turn) => `${turn}`).sort(),
      )
      await one.stop()
    }
  }, 60_000)

  it('that is archived while people talk is silent after that, to whoever follows it on whichever node', async () => {
    const { here, there } = ends()
    const ada = await world().aPerson('Ada', here)
    const ben = await world().aPerson('Ben', there)
    const teamId = await aTeam(ada, ben)
    const newsId = await make(ada, teamId, { name: 'News' })
    const listening = await Promise.all([ada.follow(newsId), ben.follow(newsId)])
    const refused: string[] = []
    const talking = [ada, ben, ada.on(there), ben.on(here)].map(async (person, who) => {
      for (let number = 0; refused.length <= who; number++)
        await person.say(newsId, `${who}: ${number}`).catch((error: Error) => refused.push(error.message))
    })
    await until(() => listening[0]!.contents.length > 10)
    await write(ada, 'archiveRoom', { roomId: newsId })
    await Promise.all(talking)
    expect(new Set(refused)).toEqual(new Set(['FORBIDDEN: This room is archived.']))
    for (const one of listening) {
      await until(() => one.heard.some(({ __typename }) => __typename === 'RoomArchived'))
      expect(one.heard.at(-1)!.__typename).toBe('RoomArchived')
      expect(isDense(one.heard)).toBe(true)
    }
    expect(listening[1]!.heard.at(-1)!.seq).toBe(listening[0]!.heard.at(-1)!.seq)
    expect(await ben.readAll(newsId)).toEqual(listening[0]!.contents)
    for (const one of listening) await one.stop()
  }, 60_000)
})

async function aTeam(lead: Person, ...others: Person[]): Promise<string> {
  const { team } = await write<{ team: { id: string } }>(lead, 'createTeam', { name: 'Crew' }, 'team { id }')
  for (const { id: userId } of others) await write(lead, 'addTeamMember', { teamId: team.id, userId })
  return team.id
}

async function make(person: Person, teamId: string, input: object): Promise<string> {
  const { channel } = await write<{ channel: { id: string } }>(person, 'createChannel', { teamId, ...input }, 'channel { id }')
  return channel.id
}

/** Answers the payload. */
async function write<Payload = unknown>(person: Person, mutation: string, input: Record<string, unknown>, parts = '__typename') {
  const type = `${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input`
  const document = `mutation ($input: ${type}!) { done: ${mutation}(input: $input) { ${parts} } }`
  return orThrow(await person.ask<{ done: Payload }>(document, { input })).done
}

interface Named {
  readonly nodes: readonly { readonly name: string }[]
}

async function channelsOf(person: Person, teamId: string, archived = false): Promise<string[]> {
  const document = 'query ($id: ID!, $archived: Boolean) { team(id: $id) { channels(archived: $archived) { nodes { name } } } }'
  const { team } = orThrow(await person.ask<{ team: { channels: Named } }>(document, { id: teamId, archived }))
  return team.channels.nodes.map(({ name }) => name)
}

async function roomsOf(person: Person, archived = false): Promise<string[]> {
  const document = 'query ($archived: Boolean) { viewer { rooms(archived: $archived) { nodes { name } } } }'
  const { viewer } = orThrow(await person.ask<{ viewer: { rooms: Named } }>(document, { archived }))
  return viewer.rooms.nodes.map(({ name }) => name)
}

async function hearTeam(person: Person, teamId: string) {
  const { team } = orThrow(await person.ask<{ team: { cursor: string } }>('query ($id: ID!) { team(id: $id) { cursor } }', { id: teamId }))
  return hear(person, followTeam, { teamId, after: team.cursor })
}

async function hearInbox(person: Person) {
  const { viewer } = orThrow(await person.ask<{ viewer: { inboxCursor: string } }>('{ viewer { inboxCursor } }'))
  return hear(person, followInbox, { after: viewer.inboxCursor })
}

/** On a connection of its own. */
function hear(person: Person, query: string, variables: Record<string, unknown>) {
  const client = person.connect()
  const heard: Heard[] = []
  client.subscribe<Record<string, Heard>>(
    { query, variables },
    { next: ({ data }) => data && heard.push(Object.values(data)[0]!), error: () => {}, complete: () => {} },
  )
  return {
    heard,
    count: (count: number) => until(() => heard.length >= count, { what: `event ${count}, after ${JSON.stringify(heard)}` }),
    stop: () => client.dispose(),
  }
}
