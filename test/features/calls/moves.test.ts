import { describe, expect, it } from 'vitest'
import { endIn } from '../../../src/features/calls/ending.ts'
import {
  type CallMove,
  callMoves,
  type Going,
  type ParticipantMove,
  participantMoves,
  whatFollows,
} from '../../../src/features/calls/moves.ts'
import { moveCallIn, movePlacesIn } from '../../../src/features/calls/moving.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import type { CallState, ParticipantState } from '../../../src/store/generated/prisma/client.ts'
import { aDomain } from '../../support/domain.ts'
import { aGroup } from '../../support/rooms.ts'

/** Which move leads where. Whatever is not written here is not legal. */
const calls: Record<CallState, Partial<Record<CallMove, string>>> = {
  RINGING: {
    answered: 'ONGOING',
    declined: 'ENDED DECLINED',
    missed: 'ENDED MISSED',
    cancelled: 'ENDED CANCELLED',
    lost: 'ENDED CONNECTION_LOST',
    failed: 'ENDED FAILED',
  },
  ONGOING: { hungUp: 'ENDED HUNG_UP', lost: 'ENDED CONNECTION_LOST', failed: 'ENDED FAILED' },
  ENDED: {},
}

const participants: Record<ParticipantState, Partial<Record<ParticipantMove, ParticipantState>>> = {
  RINGING: { answered: 'JOINED', declined: 'DECLINED', missed: 'MISSED' },
  JOINED: { left: 'LEFT' },
  LEFT: {},
  DECLINED: {},
  MISSED: {},
}

const every = <State extends string, Move extends string>(table: Record<State, Partial<Record<Move, string>>>, moves: object) =>
  (Object.keys(table) as State[]).flatMap((state) =>
    (Object.keys(moves) as Move[]).map((move) => [state, move, table[state][move]] as const),
  )

describe('a call', () => {
  it.each(every(calls, callMoves))('%s, %s: %s', async (state, move, becomes) => {
    const { services, aPerson } = await aDomain()
    const ann = await aPerson()
    const room = await aGroup(ann)
    const id = uuid()
    const endReason = state === 'ENDED' ? 'FAILED' : null
    await services.transact([room.id], async (tx) => {
      await tx.rows.call.create({
        data: { id, roomId: room.id, media: 'AUDIO', state, endReason, startedById: ann.id, startedAt: tx.at },
      })
      expect(await moveCallIn(tx, id, move)).toBe(becomes !== undefined)
      const after = await tx.rows.call.findUniqueOrThrow({ where: { id } })
      const is = after.endReason === null ? after.state : `${after.state} ${after.endReason}`
      expect(is).toBe(becomes ?? (endReason === null ? state : `${state} ${endReason}`))
      expect(after.answeredAt).toEqual(becomes === 'ONGOING' ? tx.at : null)
      expect(after.endedAt).toEqual(becomes?.startsWith('ENDED') ? tx.at : null)
    })
  })

  it('that has ended ends no other time, and nobody hears of it', async () => {
    const { services, aPerson } = await aDomain()
    const ann = await aPerson()
    const room = await aGroup(ann)
    await services.transact([room.id], async (tx) => {
      const data = { id: uuid(), roomId: room.id, media: 'AUDIO', state: 'ENDED', startedById: ann.id, startedAt: tx.at } as const
      const call = await tx.rows.call.create({ data })
      const head = tx.headOf(room.id)
      // As one who read it before it ended.
      await endIn(tx, { ...call, state: 'ONGOING' }, 'hungUp', ann.id, 0)
      expect(tx.headOf(room.id)).toBe(head)
    })
  })
})

describe('a place in a call', () => {
  it.each(every(participants, participantMoves))('%s, %s: %s', async (state, move, becomes) => {
    const { services, aPerson } = await aDomain()
    const ann = await aPerson()
    const room = await aGroup(ann)
    await services.transact([room.id], async (tx) => {
      const key = { id: uuid(), callId: uuid() }
      await tx.rows.call.create({
        data: { id: key.callId, roomId: room.id, media: 'AUDIO', state: 'ONGOING', startedById: ann.id, startedAt: tx.at },
      })
      await tx.rows.callParticipant.create({ data: { ...key, userId: ann.id, state, place: 1 } })
      expect((await movePlacesIn(tx, { id: key.id }, move)).map(({ id }) => id)).toEqual(becomes ? [key.id] : [])
      expect(await tx.rows.callParticipant.findUnique({ where: { id: key.id } })).toMatchObject({ state: becomes ?? state })
    })
  })
})

describe('what follows when somebody goes', () => {
  const both = ['RINGING', 'ONGOING'] as const
  const goings: Going[] = ['left', 'declined', 'missed', 'lost', 'dropped']

  it('nothing, while the call is answered and somebody is in it, or rings and somebody may still answer', () => {
    for (const going of goings) {
      expect(whatFollows('ONGOING', { joined: 1, ringing: 0 }, going)).toBeUndefined()
      expect(whatFollows('RINGING', { joined: 1, ringing: 1 }, going)).toBeUndefined()
    }
  })

  it.each([
    ['RINGING', 'left', 'cancelled'],
    ['RINGING', 'declined', 'declined'],
    ['RINGING', 'missed', 'missed'],
    ['RINGING', 'lost', 'lost'],
    ['RINGING', 'dropped', 'failed'],
    ['ONGOING', 'left', 'hungUp'],
    ['ONGOING', 'lost', 'lost'],
    ['ONGOING', 'dropped', 'failed'],
  ] as const)('%s, and the last one %s: %s', (state, going, move) => {
    const nobody = state === 'RINGING' && going !== 'left' && going !== 'lost' ? { joined: 1, ringing: 0 } : { joined: 0, ringing: 1 }
    expect(whatFollows(state, nobody, going)).toBe(move)
  })

  it('is always a move that is legal then', () => {
    for (const state of both)
      for (const going of goings)
        for (const joined of [0, 1])
          for (const ringing of [0, 1]) {
            // Nobody declines or misses a call that nobody is in any more.
            if (joined === 0 && (going === 'declined' || going === 'missed')) continue
            const move = whatFollows(state, { joined, ringing }, going)
            if (move) expect(callMoves[move].from).toContain(state)
          }
  })
})
