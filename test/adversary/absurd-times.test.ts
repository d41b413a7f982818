import { beforeAll, describe, expect, it } from 'vitest'
import { type APerson, aDomain } from '../support/domain.ts'
import { type ARoom, aGroup } from '../support/rooms.ts'

let ada: APerson
let ben: APerson
let room: ARoom
beforeAll(async () => {
  const domain = await aDomain()
  ada = await domain.aPerson('Ada')
  ben = await domain.aPerson('Ben')
  room = await aGroup(ada, ben)
})

const muteUntil = (until: string) =>
  ada.run<{ muteMember: { member: { mutedUntil: string } } }>(
    'mutation ($input: MuteMemberInput!) { muteMember(input: $input) { member { mutedUntil } } }',
    { input: { roomId: room.globalId, userId: ben.globalId, until } },
  )

describe('a mute that lasts for ever', () => {
  it('ends where years end that have four digits', async () => {
    expect((await muteUntil('9999-12-31T23:59:59.999Z')).data?.muteMember.member.mutedUntil).toBe('9999-12-31T23:59:59.999Z')
  })

  it('may end on a day that is only there in leap years', async () => {
    expect((await muteUntil('2032-02-29T12:00:00Z')).data?.muteMember.member.mutedUntil).toBe('2032-02-29T12:00:00.000Z')
  })

  it.each([
    '9999-12-31T23:59:59-23:59',
    '+275760-09-13T00:00:00.000Z',
    '2030-02-31T12:00:00Z',
    '2030-02-29T12:00:00Z',
    '2030-01-01T24:00:00Z',
    '0000-01-01T00:00:00Z',
    '0001-01-01T00:00:00+00:01',
  ])('is not until %s, which nobody reads', async (until) => {
    const { data, errors } = await muteUntil(until)
    expect(data).toBeUndefined()
    expect(errors?.[0]?.message).toContain('RFC 3339')
  })
})

it('nothing is found before the first year, and nothing asked for before it', async () => {
  const search = (to: string) =>
    ada.run<{ searchMessages: { nodes: unknown[] } }>(
      'query ($to: DateTime) { searchMessages(query: "hello", to: $to) { nodes { id } } }',
      { to },
    )
  expect(await search('0001-01-01T00:00:00Z')).toEqual({ data: { searchMessages: { nodes: [] } } })
  expect((await search('0000-12-31T23:59:59Z')).errors?.[0]?.message).toContain('RFC 3339')
})
