import { beforeAll, describe, expect, it } from 'vitest'
import { type AUser, aParley, type Parley } from '../support/parley.ts'

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
})
