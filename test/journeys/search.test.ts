import { expect, it } from 'vitest'
import { orThrow, type Person } from './person.ts'
import { inEachWorld } from './world.ts'

const document = `query ($query: String!, $roomId: ID, $senderId: ID, $from: DateTime, $to: DateTime, $first: Int, $after: String) {
  searchMessages(query: $query, roomId: $roomId, senderId: $senderId, from: $from, to: $to, first: $first, after: $after) {
    edges { cursor node { content sender { name } room { id } } highlights } pageInfo { hasNextPage endCursor } } }`

interface Edge {
  readonly cursor: string
  readonly node: { readonly content: string; readonly sender: { readonly name: string }; readonly room: { readonly id: string } }
  readonly highlights: readonly string[]
}
interface Page {
  readonly edges: readonly Edge[]
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
}

inEachWorld('searching', (world) => {
  const search = async (person: Person, query: string, more: Record<string, unknown> = {}) =>
    orThrow(await person.ask<{ searchMessages: Page }>(document, { query, ...more })).searchMessages
  const contents = ({ edges }: Page) => edges.map(({ node }) => node.content)
  const write = async (person: Person, mutation: string, input: Record<string, unknown>) => {
    const type = `${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input`
    orThrow(await person.ask(`mutation ($input: ${type}!) { ${mutation}(input: $input) { __typename } }`, { input }))
  }

  it('finds on every node what was said on any, as soon as it was said, and never what was taken back', async () => {
    const [here, there = here] = world().nodes
    const [ada, ben, eve] = await Promise.all([world().aPerson('Ada', here), world().aPerson('Ben', there), world().aPerson('Eve', there)])
    const [group, direct] = [await ada.make(ben), await ada.open(ben)]
    const everywhere = [ada.on(here!), ada.on(there!), ben.on(here!), ben.on(there!)]

    const first = await ada.say(group, 'Where is the café?')
    for (const person of everywhere) expect(contents(await search(person, 'cafe'))).toEqual(['Where is the café?'])
    await ben.say(direct, 'The CAFÉ is in 東京, at the station')
    for (const person of everywhere) {
      const { edges } = await search(person, 'caf')
      expect(edges.map(({ node, highlights }) => [node.sender.name, node.room.id, highlights])).toEqual([
        ['Ben', direct, ['The \u{E000}CAFÉ\u{E001} is in 東京, at the station']],
        ['Ada', group, ['Where is the \u{E000}café\u{E001}?']],
      ])
      expect(contents(await search(person, '東京'))).toHaveLength(1)
      expect(contents(await search(person, 'caf', { roomId: group }))).toEqual(['Where is the café?'])
      expect(contents(await search(person, 'caf', { senderId: ben.id }))).toEqual(['The CAFÉ is in 東京, at the station'])
    }
    expect(contents(await search(eve, 'caf'))).toEqual([])

    await write(ada.on(there!), 'editMessage', { messageId: first, content: 'Where is the tea house?' })
    for (const person of everywhere) {
      expect(contents(await search(person, 'cafe', { roomId: group }))).toEqual([])
      expect(contents(await search(person, 'tea house'))).toEqual(['Where is the tea house?'])
    }
    await write(ada, 'deleteMessage', { messageId: first })
    for (const person of everywhere) expect(contents(await search(person, 'tea'))).toEqual([])
  })

  it('follows who is in a room: those who come find what was said before, those who go find nothing', async () => {
    const [here, there = here] = world().nodes
    const [ada, ben] = await Promise.all([world().aPerson('Ada', here), world().aPerson('Ben', there)])
    const room = await ada.make()
    await ada.say(room, 'An old secret')
    expect(contents(await search(ben, 'secret'))).toEqual([])
    expect((await ben.ask(document, { query: 'secret', roomId: room })).errors?.[0]?.extensions.code).toBe('NOT_FOUND')
    await ada.add(room, ben)
    expect(contents(await search(ben, 'secret', { roomId: room }))).toEqual(['An old secret'])
    await ada.remove(room, ben)
    expect(contents(await search(ben, 'secret'))).toEqual([])
    expect((await ben.ask(document, { query: 'secret', roomId: room })).errors?.[0]?.extensions.code).toBe('NOT_FOUND')
  })

  it('reads on from page to page while others go on talking', async () => {
    const [here, there = here] = world().nodes
    const [ada, ben] = await Promise.all([world().aPerson('Ada', here), world().aPerson('Ben', there)])
    const rooms = [await ada.make(ben), await ada.open(ben)]
    for (let number = 0; number < 9; number++) await ada.say(rooms[number % 2]!, `Found ${number}`)
    const read: string[] = []
    let after: string | null = null
    do {
      const { pageInfo, ...page }: Page = await search(ben, 'found', { first: 4, after })
      read.push(...contents({ ...page, pageInfo }))
      after = pageInfo.hasNextPage ? pageInfo.endCursor : null
      await ada.say(rooms[0]!, 'Found meanwhile')
    } while (after)
    expect(read).toEqual([8, 7, 6, 5, 4, 3, 2, 1, 0].map((number) => `Found ${number}`))
  })

  it('refuses what is no search, by its field', async () => {
    const ada = await world().aPerson('Ada')
    const refused = async (variables: Record<string, unknown>) => (await ada.ask(document, variables)).errors?.[0]?.extensions
    for (const query of ['', '   ', 'x'.repeat(10_000), 'a\0b'])
      expect(await refused({ query })).toMatchObject({ code: 'BAD_USER_INPUT', field: 'query' })
    expect(contents(await search(ada, `' | !a:* & <-> \\ "`))).toEqual([])
    const cursor = { query: 'x', after: 'nowhere' }
    expect(await refused(cursor)).toMatchObject({ code: 'BAD_USER_INPUT', field: 'after' })
  })
})
