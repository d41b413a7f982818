import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Rates } from '../../../src/store/rates.ts'
import { createMemoryRates } from '../../../src/store/rates.ts'
import { codeOf } from '../../support/codes.ts'
import { type APerson, aDomain, type Domain } from '../../support/domain.ts'
import { ratesOf } from '../../support/rates.ts'
import { aDirectRoom, aGroup } from '../../support/rooms.ts'

describe('reaching people', () => {
  let domain: Domain
  let rates: Rates
  let ann: APerson
  let people: APerson[]
  beforeAll(async () => {
    domain = await aDomain()
  })
  beforeEach(async () => {
    rates = createMemoryRates(ratesOf({ reachPerMinute: 2 }))
    const [first, ...others] = await Promise.all(['Ann', 'Ben', 'Cid', 'Dee'].map((name) => domain.aPerson(name)))
    ann = { ...first!, run: domain.as(first!.actor, { rates }) }
    people = others
  })

  const open = (other: APerson) => ann.run(`mutation { openDirectRoom(input: { userId: "${other.globalId}" }) { room { id } } }`)

  it('is limited for direct rooms that are new; those that are there are opened as often as one likes', async () => {
    const [ben, cid, dee] = people as [APerson, APerson, APerson]
    await open(ben)
    for (let time = 0; time < 5; time++) expect(codeOf(await open(ben))).toBeUndefined()
    expect(codeOf(await open(cid))).toBeUndefined()
    expect(codeOf(await open(dee))).toBe('RATE_LIMITED')
    expect(codeOf(await open(ben))).toBeUndefined()
    expect(await domain.database.prisma.room.count({ where: { createdById: ann.id } })).toBe(2)
    await aDirectRoom(dee, ann)
    expect(codeOf(await open(dee))).toBeUndefined()
  })

  it('is limited for adding people, but not for those who are in already, nor for whoever may not add', async () => {
    const [ben, cid, dee] = people as [APerson, APerson, APerson]
    const room = await aGroup({ ...ann, run: domain.as(ann.actor) })
    const others = await aGroup(ben, ann)
    const add = (person: APerson, where = room) =>
      ann.run(`mutation { addRoomMember(input: { roomId: "${where.globalId}", userId: "${person.globalId}" }) { room { id } } }`)
    expect(codeOf(await add(ben))).toBeUndefined()
    for (let time = 0; time < 3; time++) expect(codeOf(await add(ben))).toBeUndefined()
    for (let time = 0; time < 3; time++) expect(codeOf(await add(cid, others))).toBe('FORBIDDEN')
    expect(codeOf(await add(cid))).toBeUndefined()
    expect(codeOf(await add(dee))).toBe('RATE_LIMITED')
  })

  it('is limited for groups, also with nobody else in them: one reach each, and none when a nonce is used again', async () => {
    const create = (memberIds: string[], nonce: string) =>
      ann.run(
        'mutation ($memberIds: [ID!]!, $nonce: String) { createGroupRoom(input: { name: "G", memberIds: $memberIds, nonce: $nonce }) { room { id } } }',
        { memberIds, nonce },
      )
    const all = people.map(({ globalId }) => globalId)
    for (let time = 0; time < 4; time++) expect(codeOf(await create(all, 'first'))).toBeUndefined()
    expect(codeOf(await create(all, 'second'))).toBeUndefined()
    const limited = await create(all, 'third')
    expect(codeOf(limited)).toBe('RATE_LIMITED')
    expect(limited.errors?.[0]?.extensions.retryAfterMs).toBeGreaterThan(0)
    expect(codeOf(await create([], 'alone'))).toBe('RATE_LIMITED')
  })
})
