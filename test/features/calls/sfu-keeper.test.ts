import { AccessToken } from 'livekit-server-sdk'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createLivekit } from '../../../src/features/calls/livekit.ts'
import type { Sfu } from '../../../src/features/calls/sfu.ts'
import { keepSfu } from '../../../src/features/calls/sfu-keeper.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import type { APerson, Domain } from '../../support/domain.ts'
import { type Livekit, livekitOptions, startLivekit } from '../../support/livekit.ts'
import { type ARoom, aGroup } from '../../support/rooms.ts'
import { aQuietDomain, call, end, join, leave, rowOf, type ShownCall, stayAway, write } from './support.ts'

let livekit: Livekit
let sfu: Sfu
let domain: Domain
let ann: APerson
let ben: APerson
let cid: APerson
let room: ARoom
let mine: ShownCall
let theirs: ShownCall
/** With what Ben could come back. */
let refreshed: string
const trouble: unknown[] = []
/** Its timer stands still: time is the tests'. */
const aKeeper = (close: (callId: string) => Promise<unknown> = async () => {}) =>
  keepSfu(
    domain.database,
    { ...sfu, close: (callId) => close(callId).then(() => sfu.close(callId)) },
    { callTickMs: 2 ** 31 - 1, sfuLookMs: 5000, onTrouble: (error) => void trouble.push(error) },
  )
const tick = () => aKeeper().tick()

beforeAll(async () => {
  domain = await aQuietDomain()
  livekit = await startLivekit()
  sfu = createLivekit(livekitOptions(livekit))
})
afterAll(() => livekit.stop())
beforeEach(async () => {
  const withSfu = async (name: string): Promise<APerson> => {
    const person = await domain.aPerson(name)
    return { ...person, run: domain.as(person.actor, { calls: { ...domain.services.calls, sfu: { server: sfu, above: 0 } } }) }
  }
  ;[ann, ben, cid] = [await withSfu('Ann'), await withSfu('Ben'), await withSfu('Cid')]
  room = await aGroup(ann, ben, cid)
  mine = await call(ann, room)
  theirs = await join(ben, mine)
  await connect(mine)
  refreshed = await connect(theirs)
  await domain.database.sql('update call set sfu_due_at = null where id <> $1 returning 1', [rowOf(mine.call.id)])
  livekit.asked.length = 0
  trouble.length = 0
})

/** A device with a grant, as joining gives it. */
const connect = async ({ call, participant }: ShownCall) =>
  livekit.connect((await sfu.grant({ callId: call.id, participantId: participant.id })).token)
const present = () => livekit.presentIn(mine.call.id)
const askedFor = () => livekit.asked.splice(0).map(({ method }) => method)
/** As if so much time had gone by, and then a tick. */
async function pass(ms: number): Promise<void> {
  await domain.database.sql(
    `update call set sfu_due_at = sfu_due_at - make_interval(secs => $2::float), sfu_left_at = sfu_left_at - make_interval(secs => $2::float)
     where id = $1 returning 1`,
    [rowOf(mine.call.id), ms / 1000],
  )
  await tick()
}

describe('whoever has no place in the call any more', () => {
  const until = '2100-01-01T00:00:00Z'
  it.each<[string, () => Promise<unknown>]>([
    ['has left', () => leave(ben, theirs)],
    ['was not heard of any more', () => stayAway(domain, theirs, 60_000)],
    ['was removed from the room', () => write(ann, 'removeRoomMember', { roomId: room.globalId, userId: ben.globalId })],
    ['was muted', () => write(ann, 'muteMember', { roomId: room.globalId, userId: ben.globalId, until })],
  ])('is put out of its media: who %s', async (_how, lose) => {
    await lose()
    await domain.services.calls.tick()
    expect(present()).toEqual([mine.participant.id, theirs.participant.id])
    await tick()
    expect(present()).toEqual([mine.participant.id])
  })

  it.each<[string, () => Promise<unknown>]>([
    ['is ended', () => end(ann, mine)],
    ['is in a room that was archived', () => write(ann, 'archiveRoom', { roomId: room.globalId })],
  ])('is everybody when the call %s', async (_how, lose) => {
    await lose()
    await domain.services.calls.tick()
    await tick()
    expect(present()).toEqual([])
    expect(askedFor()).toEqual(['DeleteRoom'])
  })

  it('is put out again each time they come back, until they cannot any more', async () => {
    await leave(ben, theirs)
    await tick()
    await livekit.connect(refreshed)
    await tick()
    expect(present()).toContain(theirs.participant.id)
    await pass(5000)
    expect(present()).toEqual([mine.participant.id])

    // They may have been given another token while they were there: for as long as that is good it goes on.
    await pass(sfu.returnMs - 5000)
    await livekit.connect(refreshed)
    await pass(5000)
    expect(present()).toEqual([mine.participant.id])
    await pass(sfu.returnMs - 1000)
    await livekit.connect(refreshed)
    await pass(5000)
    expect(present()).toEqual([mine.participant.id])
  })

  it('is looked for as long as anything that they have lets them in, and no longer', async () => {
    await leave(ben, theirs)
    await tick()
    await pass(sfu.returnMs - 1000)
    await pass(5000)
    expect(askedFor()).toEqual(['ListParticipants', 'RemoveParticipant', 'ListParticipants', 'ListParticipants'])
    await pass(5000)
    expect(askedFor()).toEqual([])

    // Whoever leaves later is looked for anew.
    const again = await join(ben, mine)
    await connect(again)
    await leave(ben, again)
    await tick()
    expect(present()).toEqual([mine.participant.id])
  })

  it('is put out of a call that is over a twelfth as often', async () => {
    await end(ann, mine)
    await tick()
    await livekit.connect(refreshed)
    await pass(5000)
    expect(askedFor()).toEqual(['DeleteRoom'])
    await pass(55_000)
    expect([askedFor(), present()]).toEqual([['DeleteRoom'], []])
  })
})

describe('nobody else', () => {
  it('is put out: not who is there, nor who came anew, nor what the operator records with', async () => {
    const recorder = new AccessToken(livekit.env.LIVEKIT_API_KEY, livekit.env.LIVEKIT_API_SECRET, { identity: 'recorder' })
    recorder.addGrant({ roomJoin: true, room: mine.call.id })
    await livekit.connect(await recorder.toJwt())
    await leave(ben, theirs)
    const again = await join(ben, mine)
    await connect(again)
    await tick()
    expect(present()).toEqual([mine.participant.id, 'recorder', again.participant.id])
  })

  it('is asked after: not where nobody has left, and not in calls from peer to peer', async () => {
    const direct = await domain.aPerson('Dot')
    await leave(direct, await call(direct, await aGroup(direct)))
    await tick()
    expect(livekit.asked).toEqual([])
  })
})

describe('what a node found due', () => {
  it('is due again when the SFU cannot be reached, and nobody is forgotten meanwhile', async () => {
    livekit.isDown = true
    await leave(ben, theirs)
    await tick()
    expect(String(trouble)).toContain('503')
    await pass(2 * sfu.returnMs)
    expect(trouble).toHaveLength(2)
    livekit.isDown = false
    await tick()
    expect(present()).toContain(theirs.participant.id)
    await pass(5000)
    expect(present()).toEqual([mine.participant.id])
  })

  it('is due again when that node dies in the middle, and then any other sees to it', async () => {
    await leave(ben, theirs)
    const never = new Promise<never>(() => {})
    const dying = keepSfu(
      domain.database,
      { ...sfu, present: () => never },
      { callTickMs: 2 ** 31 - 1, sfuLookMs: 5000, onTrouble: () => {} },
    )
    void dying.tick()
    await expect.poll(async () => (await dueAt())!.getTime()).toBeGreaterThan(Date.now() + 3000)
    await tick()
    expect(present()).toContain(theirs.participant.id)
    await pass(5000)
    expect(present()).toEqual([mine.participant.id])
  })

  describe('however much it is', () => {
    beforeEach(async () => {
      const row = await domain.database.prisma.call.findUniqueOrThrow({ where: { id: rowOf(mine.call.id) } })
      const over = { ...row, state: 'ENDED', endReason: 'HUNG_UP', sfuDueAt: new Date(0), sfuLeftAt: new Date(0) } as const
      await domain.database.prisma.call.createMany({ data: Array.from({ length: 70 }, () => ({ ...over, id: uuid() })) })
    })
    const left = () => domain.database.prisma.call.count({ where: { sfuDueAt: { lt: new Date() } } })

    it('keeps nobody waiting behind it', async () => {
      await leave(ben, theirs)
      await tick()
      expect([present(), await left()]).toEqual([[mine.participant.id], 0])
    })

    it('is left for later where the SFU cannot be reached', async () => {
      livekit.isDown = true
      await tick()
      livekit.isDown = false
      expect([trouble.length, await left()]).toEqual([1, 50])
    })

    it('is left for others when a node closes', async () => {
      const closing = aKeeper(async () => void closing.close())
      await closing.tick()
      expect(await left()).toBe(50)
    })
  })

  it('is seen to by one of many', async () => {
    await leave(ben, theirs)
    await Promise.all([tick(), tick(), tick()])
    expect(askedFor()).toEqual(['ListParticipants', 'RemoveParticipant'])
  })

  it('stays due when somebody leaves while it looks', async () => {
    await leave(ben, theirs)
    const third = await join(cid, mine)
    await connect(third)
    const late: Sfu = {
      ...sfu,
      async present(callId) {
        const answer = await sfu.present(callId)
        await leave(cid, third)
        return answer.filter((id) => id !== third.participant.id)
      },
    }
    await keepSfu(domain.database, late, { callTickMs: 2 ** 31 - 1, sfuLookMs: 5000, onTrouble: () => {} }).tick()
    expect(present()).toEqual([mine.participant.id, third.participant.id])
    await tick()
    expect(present()).toEqual([mine.participant.id])
  })

  it('is seen to by itself, and closing waits for what is under way', async () => {
    await leave(ben, theirs)
    let begin = () => {}
    let goOn = () => {}
    const begun = new Promise<void>((resolve) => {
      begin = resolve
    })
    const gate = new Promise<void>((resolve) => {
      goOn = resolve
    })
    const slow: Sfu = {
      ...sfu,
      async present(callId) {
        begin()
        await gate
        return sfu.present(callId)
      },
    }
    const node = keepSfu(domain.database, slow, { callTickMs: 20, sfuLookMs: 5000, onTrouble: () => {} })
    await begun
    const closing = node.close()
    goOn()
    await closing
    expect(present()).toEqual([mine.participant.id])
  })
})

const dueAt = async () => (await domain.database.prisma.call.findUniqueOrThrow({ where: { id: rowOf(mine.call.id) } })).sfuDueAt
