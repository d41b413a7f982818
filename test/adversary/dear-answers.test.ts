import { beforeAll, describe, expect, it } from 'vitest'
import { type AUser, aParley, type Parley } from '../support/parley.ts'
import { takeFile } from '../support/uploads.ts'

let parley: Parley
let ada: AUser
let roomId: string
beforeAll(async () => {
  parley = await aParley()
  ada = await parley.aUser('Ada')
  roomId = await parley.aRoom(ada)
})

const codes = async (query: string, variables?: Record<string, unknown>) =>
  (await ada.post(query, variables)).errors?.map(({ extensions }) => extensions.code)

describe('an answer that could hold too much is refused', () => {
  it('when a page of events holds a page of messages each', async () => {
    const query = `query ($roomId: ID!, $after: Cursor!) { roomEvents(roomId: $roomId, after: $after) {
      events { ... on MessageAdded { room { messages(first: 100) { nodes { id } } } } } } }`
    expect(await codes(query, { roomId, after: 'any' })).toEqual(['QUERY_TOO_COMPLEX'])
  })

  it('when long texts stand in it under many names, by many ways', async () => {
    await Promise.all(Array.from({ length: 100 }, (_, n) => parley.say(ada, roomId, `${n}${'x'.repeat(7900)}`)))
    const page = (inside: string) => `query ($roomId: ID!) { room(id: $roomId) { messages(first: 100) { nodes { ${inside} } } } }`
    expect(await codes(page('content'), { roomId })).toBeUndefined()
    const names = Array.from({ length: 40 }, (_, n) => `a${n}: content`).join(' ')
    expect(await codes(page(names), { roomId })).toEqual(['QUERY_TOO_COMPLEX'])
    expect(await codes(page('room { messages(first: 40) { nodes { content } } }'), { roomId })).toEqual(['QUERY_TOO_COMPLEX'])
  })

  it('when links to files with long names stand in it again and again', async () => {
    const file = { filename: '🎉'.repeat(255), mimeType: 'text/plain', bytes: Buffer.from('Hello') }
    const attachmentIds = await Promise.all(Array.from({ length: 10 }, async () => (await takeFile(ada, file)).id))
    const send = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id } } }'
    const { data } = await ada.post<{ sendMessage: { message: { id: string } } }>(send, { input: { roomId, content: '', attachmentIds } })
    const { id } = data!.sendMessage.message
    const elsewhere = await parley.aRoom(ada)
    const forward = 'mutation ($input: ForwardMessageInput!) { forwardMessage(input: $input) { message { id } } }'
    for (let number = 0; number < 3; number++)
      expect((await ada.post(forward, { input: { messageId: id, toRoomId: elsewhere } })).errors).toBeUndefined()
    const links = (many: number) =>
      `query ($id: ID!) { room(id: $id) { messages(first: 10) { nodes { attachments { ${Array.from({ length: many }, (_, n) => `l${n}: url`).join(' ')} } } } } }`
    expect(await codes(links(10), { id: elsewhere })).toBeUndefined()
    expect(await codes(links(45), { id: elsewhere })).toEqual(expect.arrayContaining(['QUERY_TOO_COMPLEX']))
  })

  it('when who has read each of a page of messages is asked for again and again, in the smallest pages', async () => {
    const pages = (many: number) =>
      `query ($roomId: ID!) { room(id: $roomId) { messages(first: 100) { nodes { ${Array.from(
        { length: many },
        (_, n) => `r${n}: readBy(first: ${n + 1}) { totalCount }`,
      ).join(' ')} } } } }`
    expect(await codes(pages(5), { roomId })).toBeUndefined()
    expect(await codes(pages(10), { roomId })).toEqual(['QUERY_TOO_COMPLEX'])
  })

  it('when every message mentions as many as it can', async () => {
    const others = await Promise.all(Array.from({ length: 50 }, () => parley.aUser()))
    const roomId = await parley.aRoom(ada, others)
    const content = others.map(({ handle }) => `@${handle}`).join(' ')
    await Promise.all(Array.from({ length: 25 }, () => parley.say(ada, roomId, content)))
    const pages = (many: number) => {
      const page = (_: unknown, n: number) => `p${n}: messages(first: 25) { nodes { mentions { handle } } }`
      return `query ($roomId: ID!) { room(id: $roomId) { ${Array.from({ length: many }, page).join(' ')} } }`
    }
    expect(await codes(pages(8), { roomId })).toBeUndefined()
    expect(await codes(pages(9), { roomId })).toEqual(expect.arrayContaining(['QUERY_TOO_COMPLEX']))
  })
})
