import { randomInt } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { type APerson, aDomain, type Domain } from '../../support/domain.ts'
import { type ARoom, aGroup } from '../../support/rooms.ts'
import { act, join, leave, mark, say } from './support.ts'

/** What happened, as plain as it can be told. The counts are taken from it anew each time. */
interface History {
  readonly messages: Message[]
  readonly people: Member[]
  isArchived: boolean
}

interface Message {
  readonly id: string
  readonly sender: Member
  readonly isReply: boolean
  readonly threadId: string
  mentions: Member[]
  isDeleted: boolean
}

interface Member {
  readonly person: APerson
  isIn: boolean
  /** So many of the messages are read, from the first. */
  read: number
}

interface Counts {
  readonly unreadCount: number
  readonly unreadMentionCount: number
  readonly firstUnreadMessage: { readonly id: string } | null
}

function countsOf({ messages, isArchived }: History, member: Member): Counts {
  const later = member.isIn && !isArchived ? messages.slice(member.read) : []
  const unread = later.filter(({ sender, isReply, isDeleted }) => sender !== member && !isReply && !isDeleted)
  return {
    unreadCount: unread.length,
    unreadMentionCount: later.filter(({ mentions, isDeleted }) => mentions.includes(member) && !isDeleted).length,
    firstUnreadMessage: unread[0] ? { id: unread[0].id } : null,
  }
}

/** The same histories for the same seed. */
function aDie(seed: number) {
  let state = seed
  const roll = (sides: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * sides)
  }
  return { roll, pick: <Item>(items: readonly Item[]): Item | undefined => items[roll(items.length)] }
}

const seeds = process.env.SEED ? [Number(process.env.SEED)] : Array.from({ length: 4 }, () => randomInt(2 ** 31))
const steps = 60

describe('what is unread equals a count from first principles', () => {
  let domain: Domain
  beforeAll(async () => {
    domain = await aDomain()
  })

  it.each(seeds)('after every step of a random history (SEED=%i)', async (seed) => {
    const { roll, pick } = aDie(seed)
    const people = await Promise.all(['Ann', 'Ben', 'Cid', 'Dan'].map((name) => domain.aPerson(name)))
    const room = await aGroup(...(people as [APerson, ...APerson[]]))
    const history: History = { messages: [], people: people.map((person) => ({ person, isIn: true, read: 0 })), isArchived: false }
    for (let step = 0; step < steps; step++) {
      const what = await happens(room, history, roll(100), { roll, pick })
      await expectSame(room, history, `SEED=${seed}, step ${step}: ${what}`)
    }
  })

  async function expectSame(room: ARoom, history: History, when: string): Promise<void> {
    for (const member of history.people) {
      const { person } = member
      const { data } = await person.run<{ room: Counts | null; viewer: { unread: object } }>(
        `query ($id: ID!) { room(id: $id) { unreadCount unreadMentionCount firstUnreadMessage { id } } viewer { unread { rooms messages mentions } } }`,
        { id: room.globalId },
      )
      const counts = countsOf(history, member)
      const { unreadCount: messages, unreadMentionCount: mentions } = counts
      expect(data!.room, `${when}, to ${person.handle}`).toEqual(member.isIn ? counts : null)
      expect(data!.viewer.unread, when).toEqual({ rooms: messages + mentions > 0 ? 1 : 0, messages, mentions })
    }
  }
})

/** One thing that somebody does who may, as the die says; its name. */
async function happens(room: ARoom, history: History, number: number, { roll, pick }: ReturnType<typeof aDie>): Promise<string> {
  const { people, messages } = history
  const inside = people.filter(({ isIn }) => isIn)
  const admin = people[0]!
  const actor = pick(inside)!
  const own = pick(messages.filter(({ sender, isDeleted }) => sender === actor && !isDeleted))
  const target = pick(messages)
  // Archived, it is still left, and marked as read.
  if (history.isArchived && (number < 60 || number >= 88)) {
    await act(admin.person, 'unarchiveRoom', { roomId: room.globalId })
    history.isArchived = false
    return 'unarchive'
  }
  if (number < 40) {
    const named = inside.filter((other) => other !== actor && roll(3) === 0)
    const thread = target && !target.isDeleted && roll(3) === 0 ? target : undefined
    const reply = target && !target.isDeleted && roll(4) === 0 && !thread && !target.isReply ? target : undefined
    const id = await say(actor.person, room, contentOf(named), {
      ...(thread && { threadId: thread.threadId }),
      ...(reply && { replyToId: reply.id }),
    })
    messages.push({ id, sender: actor, isReply: thread !== undefined, threadId: thread?.threadId ?? id, mentions: named, isDeleted: false })
    return thread ? 'reply in a thread' : 'send'
  }
  if (number < 50 && own) {
    // Whom it mentions already it goes on mentioning, also who has left since.
    own.mentions = people.filter((other) => other !== actor && (other.isIn || own.mentions.includes(other)) && roll(2) === 0)
    await act(actor.person, 'editMessage', { messageId: own.id, content: `Edited ${contentOf(own.mentions)} ${roll(1e9)}` })
    return 'edit'
  }
  if (number < 58 && own) {
    await act(actor.person, 'deleteMessage', { messageId: own.id })
    own.isDeleted = true
    return 'delete'
  }
  if (number < 80 && target) {
    await mark(actor.person, room, target.id)
    actor.read = Math.max(actor.read, messages.indexOf(target) + 1)
    return 'mark'
  }
  if (number < 88) {
    const leaver = pick(inside.filter((member) => member !== admin))
    if (!leaver) return 'nothing'
    await leave(leaver.person, room)
    leaver.isIn = false
    return 'leave'
  }
  if (number < 95) {
    const comer = pick(people.filter(({ isIn }) => !isIn))
    if (!comer) return 'nothing'
    await join(admin.person, room, comer.person)
    comer.isIn = true
    comer.read = messages.length
    return 'join'
  }
  await act(admin.person, 'archiveRoom', { roomId: room.globalId })
  history.isArchived = true
  return 'archive'
}

const contentOf = (named: readonly Member[]) => `Hello ${named.map(({ person }) => `@${person.handle}`).join(' ')}`
