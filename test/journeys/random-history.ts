import { orThrow, type Person } from './person.ts'

/** What may happen to the rooms of somebody, by three people, in an order that the seed decides. */
export interface History {
  readonly ada: Person
  /** One thing more. What is refused, since the room is archived by now, say, did not happen. */
  happen(): Promise<void>
}

export interface HistoryOptions {
  readonly seed: number
  /** The one whose rooms they are, as her devices reach different nodes. */
  readonly ada: readonly Person[]
  /** Runs all of them. */
  readonly ben: Person
  readonly cid: Person
  readonly roomIds: readonly string[]
}

export function startHistory({ seed, ada, ben, cid, roomIds }: HistoryOptions): History {
  const random = randomOf(seed)
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)]!
  const rooms = [...roomIds]
  const said: { readonly id: string; readonly roomId: string; readonly by: Person }[] = []
  let number = 0

  const words = () => `Message ${++number}${random() < 0.3 ? ` @${ada[0]!.handle}` : ''}`
  const say = async (by: Person, roomId = pick(rooms)) => {
    const data = await attempt<{ message: { id: string } }>(by, 'sendMessage', { roomId, content: words() }, 'message { id }')
    if (data) said.push({ id: data.message.id, roomId, by })
  }
  const anyMessage = (work: (message: (typeof said)[number]) => Promise<unknown>) => async () => {
    if (said.length > 0) await work(pick(said.slice(-30)))
  }

  const things: readonly (readonly [weight: number, thing: () => Promise<unknown>])[] = [
    [12, () => say(pick([ben, cid]))],
    [4, () => say(pick(ada))],
    [3, anyMessage(({ id: messageId, by }) => attempt(by, 'editMessage', { messageId, content: words() }))],
    [3, anyMessage(({ id: messageId }) => attempt(ben, 'deleteMessage', { messageId }))],
    [2, anyMessage(({ id: messageId }) => attempt(cid, 'addReaction', { messageId, emoji: '👍' }))],
    [2, anyMessage(({ id: threadId, roomId }) => attempt(cid, 'sendMessage', { roomId, threadId, content: words() }))],
    [6, anyMessage(({ id: messageId, roomId }) => attempt(pick(ada), 'markRead', { roomId, messageId }))],
    [2, anyMessage(({ id: messageId, roomId }) => attempt(cid, 'markRead', { roomId, messageId }))],
    [2, () => attempt(ben, 'updateRoom', { roomId: pick(rooms), name: `Room ${++number}` })],
    [2, () => attempt(ben, 'archiveRoom', { roomId: pick(rooms) })],
    [3, () => attempt(ben, 'unarchiveRoom', { roomId: pick(rooms) })],
    [1, () => attempt(ben, 'removeRoomMember', { roomId: pick(rooms), userId: cid.id })],
    [1, () => attempt(ben, 'addRoomMember', { roomId: pick(rooms), userId: cid.id })],
    [1, () => attempt(pick([ben, ...ada]), 'removeRoomMember', { roomId: pick(rooms), userId: ada[0]!.id })],
    [2, () => attempt(ben, 'addRoomMember', { roomId: pick(rooms), userId: ada[0]!.id })],
    [1, async () => void rooms.push(await ben.make(ada[0]!, cid))],
  ]
  const weights = things.reduce((sum, [weight]) => sum + weight, 0)

  return {
    ada: ada[0]!,
    async happen() {
      let place = random() * weights
      for (const [weight, thing] of things) {
        place -= weight
        if (place < 0) return void (await thing())
      }
    },
  }
}

/** BAD_USER_INPUT: no thread begins at a message that was deleted. */
const refused = ['FORBIDDEN', 'NOT_FOUND', 'BAD_USER_INPUT']

/** Its payload; nothing when it was refused. */
async function attempt<Payload>(person: Person, mutation: string, input: object, parts = '__typename'): Promise<Payload | undefined> {
  const type = `${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input`
  const answer = await person.ask<{ done: Payload }>(`mutation ($input: ${type}!) { done: ${mutation}(input: $input) { ${parts} } }`, {
    input,
  })
  const code = answer.errors?.[0]?.extensions.code
  return refused.includes(code ?? '') ? undefined : orThrow(answer).done
}

/** The same numbers for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
