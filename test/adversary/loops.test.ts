import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createMemoryRates } from '../../src/store/rates.ts'
import { codeOf } from '../support/codes.ts'
import { type APerson, aDomain, type Domain } from '../support/domain.ts'
import { ratesOf } from '../support/rates.ts'
import type { ARoom } from '../support/rooms.ts'
import { type ATeam, aChannel, aTeam } from '../support/teams.ts'

let domain: Domain
let ada: APerson
let ben: APerson
let team: ATeam
let channel: ARoom
beforeAll(async () => {
  domain = await aDomain()
})
beforeEach(async () => {
  const rates = createMemoryRates(ratesOf({ sendPerSecond: 0.01, sendBurst: 2, reachPerMinute: 2 }))
  const limited = (person: APerson) => ({ ...person, run: domain.as(person.actor, { rates }) })
  const [first, second] = [await domain.aPerson('Ada'), await domain.aPerson('Ben')]
  team = await aTeam(first, second)
  channel = await aChannel(team, first)
  ada = limited(first)
  ben = limited(second)
})

const write = async (person: APerson, verb: string, input: Record<string, unknown>) =>
  codeOf(
    await person.run(`mutation ($input: ${verb[0]!.toUpperCase()}${verb.slice(1)}Input!) { ${verb}(input: $input) { __typename } }`, {
      input,
    }),
  )
const messages = () => domain.database.prisma.message.count({ where: { roomId: channel.id } })

describe('nobody floods a channel with what it says of itself', () => {
  it('by joining and leaving', async () => {
    const join = () => write(ben, 'joinChannel', { channelId: channel.globalId })
    const leave = () => write(ben, 'removeRoomMember', { roomId: channel.globalId, userId: ben.globalId })
    expect([await join(), await join(), await join(), await leave()]).toEqual([undefined, undefined, undefined, undefined])
    expect([await join(), await leave()]).toEqual([undefined, undefined])
    const before = await messages()
    expect(await join()).toBe('RATE_LIMITED')
    expect(await messages()).toBe(before)
  })

  it('by renaming it', async () => {
    const rename = (name: string) => write(ada, 'updateRoom', { roomId: channel.globalId, name })
    expect([await rename('one'), await rename('two')]).toEqual([undefined, undefined])
    expect(await rename('three')).toBe('RATE_LIMITED')
  })
})

it('nobody keeps a team busy by closing a channel and opening it again', async () => {
  const set = (verb: string) => write(ada, verb, { roomId: channel.globalId })
  expect([await set('archiveRoom'), await set('archiveRoom'), await set('unarchiveRoom')]).toEqual([undefined, undefined, undefined])
  expect(await set('archiveRoom')).toBe('RATE_LIMITED')
  expect(await set('unarchiveRoom')).toBeUndefined()
})

it('whoever may do neither is told so, as often as they try', async () => {
  for (let time = 0; time < 3; time++) {
    expect(await write(ben, 'updateRoom', { roomId: channel.globalId, name: 'Mine' })).toBe('FORBIDDEN')
    expect(await write(ben, 'archiveRoom', { roomId: channel.globalId })).toBe('FORBIDDEN')
  }
})

describe('nobody makes teams and channels without end', () => {
  it('channels', async () => {
    const make = (nonce: string) => write(ben, 'createChannel', { teamId: team.globalId, name: 'news', isPrivate: true, nonce })
    for (let time = 0; time < 3; time++) expect(await make('first')).toBeUndefined()
    expect([await make('second'), await make('third')]).toEqual([undefined, 'RATE_LIMITED'])
  })

  it('teams', async () => {
    const make = (nonce: string) => write(ben, 'createTeam', { name: 'Crew', nonce })
    for (let time = 0; time < 3; time++) expect(await make('first')).toBeUndefined()
    expect([await make('second'), await make('third')]).toEqual([undefined, 'RATE_LIMITED'])
  })
})
