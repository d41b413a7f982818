import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { OnMoved } from '../../../src/engine/watched-streams.ts'
import { UnreadRooms } from '../../../src/features/inbox/unread-rooms.ts'
// The facts are defined where their nouns are.
import '../../../src/features/schema.ts'

describe('rooms that are watched for what is unread', () => {
  beforeEach(() => void vi.useFakeTimers({ now: 1e12 }))
  afterEach(() => void vi.useRealTimers())

  it('have their turn at once, and then at most once a second, for all that has moved until then', () => {
    const { move, sit, turns } = someRooms()
    sit('ann', 'room')
    move('room', 'MessageAdded')
    expect(turns).toEqual(['room'])
    for (let n = 0; n < 10; n++) move('room', 'MessageAdded')
    vi.advanceTimersByTime(999)
    expect(turns).toEqual(['room'])
    vi.advanceTimersByTime(1)
    expect(turns).toEqual(['room', 'room'])
    vi.advanceTimersByTime(10_000)
    expect(turns).toHaveLength(2)
    move('room', undefined)
    expect(turns).toHaveLength(3)
  })

  it('do not wait for each other, nor longer when the clock is set back', () => {
    const { move, sit, turns } = someRooms()
    for (const room of ['one', 'other']) sit('ann', room)
    move('one', 'MessageAdded')
    move('other', 'RoomUpdated')
    expect(turns).toEqual(['one', 'other'])
    vi.setSystemTime(1e12 - 3_600_000)
    vi.advanceTimersByTime(1000)
    move('one', 'ReactionAdded')
    expect(turns).toEqual(['one', 'other', 'one'])
  })

  it('are not moved by what is quiet', () => {
    const { move, sit, turns } = someRooms()
    sit('ann', 'room')
    move('room', 'ReadMarksMoved')
    vi.advanceTimersByTime(5000)
    expect(turns).toEqual([])
  })

  it('know when something that was said was taken back, or may have been', () => {
    const { move, sit } = someRooms()
    const { seat } = sit('ann', 'room')
    const takenBackBy = (type: string | undefined) => {
      const before = seat.room.takenBack
      move('room', type)
      return seat.room.takenBack > before
    }
    expect(['MessageAdded', 'MessageEdited', 'MessageDeleted', undefined].map(takenBackBy)).toEqual([false, true, true, true])
  })

  it('tell who comes whether they moved since a moment, which may not be told to them any more', () => {
    const { move, sit } = someRooms()
    expect(sit('ann', 'room').isLate).toBe(false)
    const readAt = performance.now()
    vi.advanceTimersByTime(1)
    expect(sit('ben', 'room', readAt).isLate).toBe(false)
    move('room', 'MessageAdded')
    expect(sit('cid', 'room', readAt).isLate).toBe(true)
  })

  it('are watched once, until the last one has gone; a turn that was due is then nobody’s', () => {
    const { rooms, move, sit, turns, watched } = someRooms()
    const seats = ['ann', 'ben'].map((person) => sit(person, 'room').seat)
    expect(watched.get('room')).toHaveLength(1)
    move('room', 'MessageAdded')
    move('room', 'MessageAdded')
    rooms.rise(seats[0]!)
    expect(rooms.size).toBe(1)
    rooms.rise(seats[1]!)
    expect([rooms.size, watched.get('room')]).toEqual([0, []])
    vi.advanceTimersByTime(5000)
    expect(turns).toHaveLength(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('are let go of when it closes', () => {
    const { rooms, move, sit, watched } = someRooms()
    sit('ann', 'room')
    move('room', 'MessageAdded')
    move('room', 'MessageAdded')
    rooms.close()
    expect([rooms.size, watched.get('room'), vi.getTimerCount()]).toEqual([0, [], 0])
  })

  function someRooms() {
    const watched = new Map<string, OnMoved[]>()
    const turns: string[] = []
    const rooms = new UnreadRooms({
      hub: {
        watch(streamId, _position, onMoved) {
          watched.set(streamId, [...(watched.get(streamId) ?? []), onMoved])
          return () =>
            void watched.set(
              streamId,
              watched.get(streamId)!.filter((one) => one !== onMoved),
            )
        },
      },
      unreadEveryMs: 1000,
      onTurn: (seats) => turns.push([...seats][0]!.room.id),
    })
    const move = (streamId: string, type: string | undefined) => {
      const event = type === undefined ? undefined : { streamId, seq: 1, type, data: { messageId: 'a message' }, at: new Date() }
      for (const onMoved of watched.get(streamId)!) onMoved(event)
    }
    const sit = (userId: string, roomId: string, readAt = performance.now()) => rooms.sit(userId, roomId, 0, readAt)
    return { rooms, watched, turns, move, sit }
  }
})
