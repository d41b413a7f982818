import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Ended, resumeEvents } from '../../docs/examples/resume-events.ts'
import { post } from '../support/client.ts'
import { aParley, type Parley, startParley } from '../support/parley.ts'

describe.each([
  ['events.md', ['resume.ts', 'follow.ts', 'resume-events.ts']],
  ['coming-from-socket-io.md', ['chat.ts']],
  ['calls.md', ['phone.ts', 'call.ts', 'peer.ts']],
  ['clients.md', ['codegen.ts', 'operations.graphql', 'session.ts', 'apollo.ts', 'urql.ts']],
])('docs/%s', (file, names) => {
  it('quotes the examples as they are', async () => {
    const read = (path: string) => readFileSync(new URL(`../../docs/${path}`, import.meta.url), 'utf8')
    const page = names.reduce((text, name) => {
      const kind = name.split('.')[1]
      const mark = `<!-- docs/examples/${name}, written by \`npx vitest run test/docs -u\` -->\n\n\`\`\`${kind}\n`
      const begin = text.indexOf(mark)
      expect(begin, `The page has lost its mark for ${name}.`).not.toBe(-1)
      const end = text.indexOf('```\n', begin + mark.length)
      return text.slice(0, begin + mark.length) + read(`examples/${name}`) + text.slice(end)
    }, read(file))
    await expect(page).toMatchFileSnapshot(`../../docs/${file}`)
  })
})

describe('docs/adding-a-feature.md', () => {
  const page = readFileSync(new URL('../../docs/adding-a-feature.md', import.meta.url), 'utf8')
  const quotes = [...page.matchAll(/```ts\n\/\/ (\S+)\n([\s\S]*?)```/g)].map(([, file, code]) => [file!, code!] as const)

  it('quotes code from every role of a noun', () => {
    expect(quotes).toHaveLength(7)
    expect(page.split('```ts')).toHaveLength(8)
  })

  it.each(quotes)('quotes %s as it is, but for its indentation', (file, code) => {
    const dedented = (text: string) => text.replaceAll(/^ +/gm, '')
    expect(dedented(readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8'))).toContain(dedented(code))
  })
})

describe('resumeEvents', () => {
  const query = `subscription ($roomId: ID!, $after: Cursor) {
    messageAdded(roomId: $roomId, after: $after) { cursor message { content } }
  }`
  type Data = { messageAdded: { message: { content: string } } }
  const stopping = new AbortController()
  let node: Parley
  beforeAll(async () => {
    node = await startParley()
  })
  afterAll(async () => {
    stopping.abort()
    await node.close()
  })

  it('goes on where it was when the server comes back, with all that was said meanwhile', async () => {
    const ada = await node.aUser('Ada')
    const roomId = await node.aRoom(ada)
    const options = { url: `${node.url}/graphql`, headers: () => ada.credentials, signal: stopping.signal }
    const { data } = await ada.post<{ room: { cursor: string } }>('query ($roomId: ID!) { room(id: $roomId) { cursor } }', { roomId })
    await node.say(ada, roomId, 'one')
    const heard = resumeEvents<Data>(options, { query, variables: { roomId, after: data!.room.cursor } })
    const next = async () => ((await heard.next()).value as { data: Data }).data.messageAdded.message.content
    expect(await next()).toBe('one')

    await node.close()
    const send = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id } } }'
    const elsewhere = (await aParley()).url
    await post(elsewhere, { query: send, variables: { input: { roomId, content: 'two' } } }, ada.credentials)
    node = await startParley({ PORT: new URL(node.url).port })
    expect(await next()).toBe('two')
    await node.say(ada, roomId, 'three')
    expect(await next()).toBe('three')
  })

  it('throws what ends it for good', async () => {
    const bob = await node.aUser('Bob')
    const ada = await node.aUser('Ada')
    const roomId = await node.aRoom(ada)
    const options = { url: `${node.url}/graphql`, headers: () => bob.credentials, signal: stopping.signal }
    const refused = await resumeEvents(options, { query, variables: { roomId } })
      .next()
      .catch((error) => error)
    expect(refused).toBeInstanceOf(Ended)
    expect(refused.errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }])
    const nonsense = { ...options, headers: () => ({ authorization: 'Bearer nonsense' }) }
    await expect(resumeEvents(nonsense, { query, variables: { roomId } }).next()).rejects.toMatchObject({
      errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
    })
  })
})
