import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { codeOf } from '../../support/codes.ts'
import { type APerson, aDomain, type Domain } from '../../support/domain.ts'
import { type ARoom, aGroup } from '../../support/rooms.ts'
import { followingOf, showEvent } from '../../support/show-event.ts'
import { aChannel, aTeam } from '../../support/teams.ts'
import { sayIn } from './support.ts'

const parts = 'id kind systemKind content nonce editedAt deletedAt mentions { id } sender { id name }'
const list = `query ($id: ID!) { room(id: $id) { lastMessage { id } messages(last: 20) { nodes { ${parts} } } } }`
const follow = `subscription ($id: ID!) { messageAdded(roomId: $id) { actor { id } message { ${parts} } edge { node { id } } } }`

interface Shown {
  id: string
  kind: string
  systemKind: string | null
  content: string
}

let domain: Domain
let ann: APerson
let ben: APerson
let cid: APerson
let room: ARoom
beforeAll(async () => {
  domain = await aDomain()
  ;[ann, ben, cid] = [await domain.aPerson('Ann'), await domain.aPerson('Ben'), await domain.aPerson('Cid')]
})
beforeEach(async () => {
  room = await aGroup(ann, ben)
})

const write = (person: APerson, mutation: string, input: Record<string, unknown>) => {
  const type = `${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input`
  return person.run(`mutation ($input: ${type}!) { ${mutation}(input: $input) { __typename } }`, { input })
}
const add = (actor: APerson, person: APerson, to = room) => write(actor, 'addRoomMember', { roomId: to.globalId, userId: person.globalId })
const remove = (actor: APerson, person: APerson, from = room) =>
  write(actor, 'removeRoomMember', { roomId: from.globalId, userId: person.globalId })
const rename = (name: string) => write(ann, 'updateRoom', { roomId: room.globalId, name })
async function listed(where = room): Promise<Shown[]> {
  const { data } = await ann.run<{ room: { lastMessage: { id: string } | null; messages: { nodes: Shown[] } } }>(list, {
    id: where.globalId,
  })
  const { nodes } = data!.room.messages
  expect(data!.room.lastMessage?.id).toBe(nodes.at(-1)?.id)
  return nodes
}
const typesIn = async ({ id }: ARoom) => (await domain.services.log.after(id, 0, 100)).map(({ type }) => type)

describe('what the room says of itself', () => {
  const system = { kind: 'SYSTEM', nonce: null, editedAt: null, deletedAt: null, mentions: [] }

  it('tells of who comes and goes, right after the event, and of whom by the sender alone', async () => {
    await add(ann, cid)
    await remove(ann, cid)
    await remove(ben, ben)
    expect(await listed()).toMatchObject([
      { ...system, systemKind: 'MEMBER_JOINED', content: 'Joined the room.', sender: { id: cid.globalId } },
      { ...system, systemKind: 'MEMBER_LEFT', content: 'Was removed from the room.', sender: { id: cid.globalId } },
      { ...system, systemKind: 'MEMBER_LEFT', content: 'Left the room.', sender: { id: ben.globalId } },
    ])
    expect(await typesIn(room)).toEqual(['MemberJoined', 'MessageAdded', 'MemberLeft', 'MessageAdded', 'MemberLeft', 'MessageAdded'])
  })

  it('comes after the next admin is made, when the last one goes', async () => {
    await remove(ann, ann)
    expect(await typesIn(room)).toEqual(['MemberLeft', 'MemberUpdated', 'MessageAdded'])
  })

  it('tells of another name by whoever gave it, and mentions nobody by it', async () => {
    await rename(`Friends of @${ben.handle}`)
    expect(await listed()).toMatchObject([
      { ...system, systemKind: 'ROOM_RENAMED', content: `Renamed the room to “Friends of @${ben.handle}”.`, sender: { id: ann.globalId } },
    ])
    expect(await typesIn(room)).toEqual(['RoomUpdated', 'MessageAdded'])
    expect((await domain.services.log.after(ben.id, 0, 100)).map(({ type }) => type)).not.toContain('Mentioned')
  })

  it('is nothing where nobody comes or goes and no name changes', async () => {
    await add(ann, ben)
    await rename('Friends')
    await write(ann, 'updateRoom', { roomId: room.globalId, topic: 'A topic' })
    expect(await listed()).toEqual([])
  })

  it('tells of those who join a public channel, also by saying something, and who leave it with the team', async () => {
    const team = await aTeam(ann, ben, cid)
    const channel = await aChannel(team, ann)
    await write(ben, 'joinChannel', { channelId: channel.globalId })
    await sayIn(cid, channel, 'Here I am')
    await write(ben, 'removeTeamMember', { teamId: team.globalId, userId: ben.globalId })
    expect((await listed(channel)).map(({ systemKind, content }) => systemKind ?? content)).toEqual([
      'MEMBER_JOINED',
      'MEMBER_JOINED',
      'Here I am',
      'MEMBER_LEFT',
    ])
  })

  it('is read and followed like any message', async () => {
    await add(ann, cid)
    const [message] = await listed()
    const { following } = await followingOf(domain, ben.actor, follow, { id: room.globalId })
    const event = (await domain.services.log.after(room.id, 0, 10)).find(({ type }) => following!.options.only!.has(type))
    const { data } = await showEvent(domain, ben.actor, follow, event!, { id: room.globalId })
    expect(data).toEqual({ messageAdded: { actor: { id: cid.globalId }, message, edge: { node: { id: message!.id } } } })
    expect((await ben.run(`query ($id: ID!) { message(id: $id) { ${parts} } }`, { id: message!.id })).data).toEqual({ message })
  })

  it('leaves whatever people say a text', async () => {
    await sayIn(ben, room, 'Joined the room.')
    expect(await listed()).toMatchObject([{ kind: 'TEXT', systemKind: null }])
  })

  it('can be answered, reacted to, and have a thread', async () => {
    await add(ann, cid)
    const [{ id }] = (await listed()) as [Shown]
    const say = (content: string, input: object) => write(ben, 'sendMessage', { roomId: room.globalId, content, ...input })
    const answers = [
      await say('Welcome', { replyToId: id }),
      await say('How are you?', { threadId: id }),
      await write(ben, 'addReaction', { messageId: id, emoji: '👋' }),
    ]
    expect(answers.map(codeOf)).toEqual([undefined, undefined, undefined])
    const shown = 'query ($id: ID!) { message(id: $id) { thread { replyCount } reactions { count } } }'
    expect((await ann.run(shown, { id })).data).toEqual({ message: { thread: { replyCount: 1 }, reactions: [{ count: 1 }] } })
  })

  it('is edited by nobody, its sender and the admins neither', async () => {
    await add(ann, cid)
    await rename('Ours')
    for (const { id, content } of await listed()) {
      for (const person of [ann, ben, cid]) {
        const { errors } = await write(person, 'editMessage', { messageId: id, content: 'Something else' })
        expect(errors![0]).toMatchObject({
          message: 'What the room says of itself cannot be edited.',
          extensions: { code: 'FORBIDDEN' },
        })
      }
      expect((await listed()).find((message) => message.id === id)).toMatchObject({ content })
    }
  })

  it('is deleted by the admins, and not by its sender', async () => {
    await add(ann, cid)
    const [{ id }] = (await listed()) as [Shown]
    for (const person of [ben, cid]) {
      const { errors } = await write(person, 'deleteMessage', { messageId: id })
      expect(errors![0]).toMatchObject({ message: 'Only the admins may delete it.', extensions: { code: 'FORBIDDEN' } })
    }
    expect(codeOf(await write(ann, 'deleteMessage', { messageId: id }))).toBeUndefined()
    expect(await listed()).toMatchObject([{ id, kind: 'SYSTEM', systemKind: 'MEMBER_JOINED', content: '', deletedAt: expect.any(String) }])
  })

  it('stays in an archived room, whose admins may not delete it either', async () => {
    await add(ann, cid)
    await write(ann, 'archiveRoom', { roomId: room.globalId })
    const [{ id }] = (await listed()) as [Shown]
    const { errors } = await write(ann, 'deleteMessage', { messageId: id })
    expect(errors![0]).toMatchObject({ message: 'This room is archived.', extensions: { code: 'FORBIDDEN' } })
    expect(await listed()).toMatchObject([{ id, content: 'Joined the room.' }])
  })
})
