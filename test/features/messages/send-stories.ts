import { encodeId } from '../../../src/graphql/ids.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import type { APerson } from '../../support/domain.ts'
import type { ARoom } from '../../support/rooms.ts'

export interface Reply {
  readonly replyToId?: string
  readonly threadId?: string
  readonly nonce?: string
}

/** Where a story plays: a group of three that Ann runs, one of hers and Ben's, and the room of the two. */
export interface Scene {
  readonly ann: APerson
  readonly ben: APerson
  readonly cid: APerson
  readonly stranger: APerson
  readonly room: ARoom
  readonly elsewhere: ARoom
  readonly direct: ARoom
  /** Says it in the room, or where it is told to, and answers the id of the message; what was refused is remembered like any answer. */
  say(person: APerson, content: string, reply?: Reply, where?: ARoom): Promise<string>
  /** The same, so many times at once. */
  sayAtOnce(times: number, person: APerson, content: string, reply?: Reply): Promise<void>
  threadOf(messageId: string): Promise<string>
  edit(person: APerson, messageId: string, content: string): Promise<unknown>
  remove(person: APerson, messageId: string): Promise<unknown>
  mute(person: APerson, until: string): Promise<unknown>
  archive(): Promise<unknown>
  sever(): Promise<unknown>
  leave(person: APerson): Promise<unknown>
}

export interface Story {
  readonly act: (scene: Scene) => Promise<unknown>
  /** What each send came to: what was said, or the code, the field and the sentence of the refusal. */
  readonly comesTo: readonly string[]
}

export const conflict = 'CONFLICT nonce: This nonce was used in this room before, for another message.'
const noRoom = 'NOT_FOUND: There is no such room, or you may not see it.'
const noThread = 'NOT_FOUND: There is no such thread, or you may not see it.'
const noMessage = 'NOT_FOUND: There is no such message, or you may not see it.'
const threadDeleted = 'BAD_USER_INPUT threadId: This message was deleted: no thread can begin there.'
const answerDeleted = 'BAD_USER_INPUT replyToId: This message was deleted: it cannot be answered.'
const answerElsewhere = 'BAD_USER_INPUT replyToId: This message is not in that thread.'
const muted = 'FORBIDDEN: You are muted in this room.'
const archived = 'FORBIDDEN: This room is archived.'
const severed = 'FORBIDDEN: You two cannot talk to each other any more.'

/** What is said in them goes one way or the other: a test has the same come of both. */
export const stories: Record<string, Story> = {
  'what is said by two': {
    async act({ ann, ben, say }) {
      await say(ann, '  Hello 👋\n')
      await say(ben, 'Hello', { nonce: 'n' })
    },
    comesTo: ['  Hello 👋\n', 'Hello'],
  },
  'an answer, also to what was edited': {
    async act({ ann, ben, say, edit }) {
      const id = await say(ann, 'Tea?')
      await say(ben, 'Yes', { replyToId: id })
      await edit(ann, id, 'Coffee?')
      await say(ben, 'No', { replyToId: id })
    },
    comesTo: ['Tea?', 'Yes', 'No'],
  },
  'a thread, named by its root, by itself, by a reply in it, and by answering one': {
    async act({ ann, ben, cid, say, threadOf }) {
      const root = await say(ann, 'Plans?')
      const reply = await say(ben, 'The sea', { threadId: root })
      await say(cid, 'The hills', { threadId: await threadOf(reply) })
      await say(ann, 'Which sea?', { threadId: reply, replyToId: reply })
      await say(ben, 'The black one', { replyToId: reply })
      await say(cid, 'And then?', { threadId: root, replyToId: root })
      await say(cid, 'Out here', { replyToId: root })
    },
    comesTo: ['Plans?', 'The sea', 'The hills', 'Which sea?', 'The black one', 'And then?', 'Out here'],
  },
  'a thread whose replies, and whose root, were deleted': {
    async act({ ann, ben, say, remove }) {
      const root = await say(ann, 'Plans?')
      await remove(ben, await say(ben, 'The sea', { threadId: root }))
      await remove(ann, root)
      await say(ben, 'Still here', { threadId: root })
    },
    comesTo: ['Plans?', 'The sea', 'Still here'],
  },
  'a thread that is not there': {
    async act({ ann, ben, say, threadOf, room, elsewhere }) {
      const [root, there] = [await say(ann, 'Root'), await say(ann, 'There', {}, elsewhere)]
      const reply = await say(ben, 'Reply', { threadId: root })
      await say(ben, 'No', { threadId: encodeId('Message', uuid()) })
      await say(ben, 'No', { threadId: encodeId('Thread', uuid()) })
      await say(ben, 'No', { threadId: there })
      await say(ben, 'No', { threadId: room.globalId })
      await say(ben, 'No', { threadId: asThread(await say(ann, 'Bare')) })
      await say(ben, 'No', { threadId: asThread(reply) })
      await say(ben, 'Yes', { threadId: await threadOf(root) })
    },
    comesTo: ['Root', 'There', 'Reply', noThread, noThread, noThread, noThread, 'Bare', noThread, noThread, 'Yes'],
  },
  'a thread under what was deleted': {
    async act({ ann, ben, say, remove }) {
      const root = await say(ann, 'Root')
      await remove(ann, root)
      await say(ben, 'No', { threadId: root })
      // The thread is looked at before what is answered.
      await say(ben, 'No', { threadId: root, replyToId: root })
    },
    comesTo: ['Root', threadDeleted, threadDeleted],
  },
  'an answer to what is not there': {
    async act({ ann, ben, say, elsewhere }) {
      const there = await say(ann, 'There', {}, elsewhere)
      await say(ben, 'No', { replyToId: encodeId('Message', uuid()) })
      await say(ben, 'No', { replyToId: there })
      await say(ben, 'No', { replyToId: there, threadId: await say(ann, 'Root') })
    },
    comesTo: ['There', noMessage, noMessage, 'Root', noMessage],
  },
  'an answer to what was deleted': {
    async act({ ann, ben, say, remove }) {
      const [gone, root] = [await say(ann, 'Gone'), await say(ann, 'Root')]
      await remove(ann, gone)
      await say(ben, 'No', { replyToId: gone })
      await say(ben, 'No', { replyToId: gone, threadId: root })
    },
    comesTo: ['Gone', 'Root', answerDeleted, answerDeleted],
  },
  'an answer to what is in no such thread': {
    async act({ ann, ben, say }) {
      const [root, other] = [await say(ann, 'Root'), await say(ann, 'Other')]
      const reply = await say(ben, 'Reply', { threadId: root })
      await say(ben, 'No', { threadId: root, replyToId: other })
      await say(ben, 'No', { threadId: other, replyToId: reply })
    },
    comesTo: ['Root', 'Other', 'Reply', answerElsewhere, answerElsewhere],
  },
  'a nonce, repeated': {
    async act({ ann, ben, say, edit, remove, elsewhere }) {
      const root = await say(ann, 'Root')
      const reply = { threadId: root, replyToId: root, nonce: 'n' }
      await edit(ben, await say(ben, 'Once', { nonce: 'once' }), 'Edited')
      await say(ben, 'Once', { nonce: 'once' })
      await say(ben, 'Reply', reply)
      await remove(ann, root)
      // What it asked for could not be any more.
      await say(ben, 'Reply', reply)
      await remove(ben, await say(ben, 'Once', { nonce: 'once' }))
      await say(ben, 'Once', { nonce: 'once' })
      // It is its sender's, and its room's.
      await say(ann, 'Another', { nonce: 'once' })
      await say(ben, 'Another', { nonce: 'once' }, elsewhere)
    },
    comesTo: ['Root', 'Once', 'Edited', 'Reply', 'Reply', 'Edited', '', 'Another', 'Another'],
  },
  'a nonce for something else': {
    async act({ ann, ben, say }) {
      const root = await say(ann, 'Root')
      await say(ben, 'This', { nonce: 'n' })
      await say(ben, 'That', { nonce: 'n' })
      await say(ben, 'This', { nonce: 'n', threadId: root })
      await say(ben, 'This', { nonce: 'n', replyToId: root })
      // It is looked at before what is wrong with the rest.
      await say(ben, 'This', { nonce: 'n', replyToId: encodeId('Message', uuid()) })
    },
    comesTo: ['Root', 'This', conflict, conflict, conflict, conflict],
  },
  'a nonce of what could not be sent': {
    async act({ ann, ben, say, remove }) {
      const gone = await say(ann, 'Gone')
      await remove(ann, gone)
      await say(ben, 'This', { nonce: 'n', replyToId: gone })
      await say(ben, 'That', { nonce: 'n' })
    },
    comesTo: ['Gone', answerDeleted, 'That'],
  },
  'a nonce at once': {
    act: ({ ben, sayAtOnce }) => sayAtOnce(5, ben, 'Me first', { nonce: 'n' }),
    comesTo: Array(5).fill('Me first'),
  },
  'a nonce at once, for what cannot be': {
    async act({ ann, ben, say, remove, sayAtOnce }) {
      const gone = await say(ann, 'Gone')
      await remove(ann, gone)
      await sayAtOnce(3, ben, 'No', { nonce: 'n', replyToId: gone })
    },
    comesTo: ['Gone', answerDeleted, answerDeleted, answerDeleted],
  },
  'a member who is muted, until it is over': {
    async act({ ben, say, mute }) {
      await say(ben, 'Before', { nonce: 'n' })
      await mute(ben, '1 hour')
      await say(ben, 'Now')
      await say(ben, 'Before', { nonce: 'n' })
      await say(ben, 'Now', { nonce: 'n' })
      // It is looked at before what is wrong with the rest.
      await say(ben, 'Now', { replyToId: encodeId('Message', uuid()) })
      await mute(ben, '-1 second')
      await say(ben, 'Now')
    },
    comesTo: ['Before', muted, 'Before', conflict, muted, 'Now'],
  },
  'an admin who was muted': {
    async act({ ann, say, mute }) {
      await mute(ann, '1 hour')
      await say(ann, 'Me')
    },
    comesTo: ['Me'],
  },
  'a room that is archived': {
    async act({ ann, ben, say, archive }) {
      await say(ben, 'Before', { nonce: 'n' })
      await archive()
      for (const person of [ann, ben]) await say(person, 'Now')
      await say(ben, 'Before', { nonce: 'n' })
      await say(ben, 'Now', { nonce: 'n' })
    },
    comesTo: ['Before', archived, archived, 'Before', conflict],
  },
  'a direct room of two who are severed': {
    async act({ ann, ben, say, direct, sever }) {
      await say(ben, 'Before', { nonce: 'n' }, direct)
      await sever()
      for (const person of [ann, ben]) await say(person, 'Now', {}, direct)
      await say(ben, 'Before', { nonce: 'n' }, direct)
    },
    comesTo: ['Before', severed, severed, 'Before'],
  },
  'a stranger': {
    async act({ ann, stranger, say }) {
      await say(stranger, 'Hello?')
      await say(stranger, 'Hello?', { replyToId: await say(ann, 'Secret') })
      await say(stranger, 'Hello?', { threadId: encodeId('Message', uuid()) })
    },
    comesTo: [noRoom, 'Secret', noRoom, noRoom],
  },
  'somebody who is no longer there': {
    async act({ ben, say, leave }) {
      await say(ben, 'Still here', { nonce: 'n' })
      await leave(ben)
      await say(ben, 'Gone')
      await say(ben, 'Still here', { nonce: 'n' })
      await say(ben, 'Gone', { nonce: 'n' })
    },
    comesTo: ['Still here', noRoom, noRoom, noRoom],
  },
  'a room that is not there': {
    act: ({ ben, say }) => say(ben, 'Hello?', {}, { id: uuid(), globalId: encodeId('GroupRoom', uuid()) }),
    comesTo: [noRoom],
  },
}

function asThread(messageId: string): string {
  return encodeId('Thread', Buffer.from(messageId, 'base64url').toString().split(':')[1]!)
}
