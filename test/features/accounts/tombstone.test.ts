import { beforeAll, describe, expect, it } from 'vitest'
import { codeOf } from '../../support/codes.ts'
import { type APerson, aDomain, type Domain, type Runner } from '../../support/domain.ts'
import { type ARoom, aDirectRoom, aGroup } from '../../support/rooms.ts'
import { showEvent } from '../../support/show-event.ts'
import { aTeam } from '../../support/teams.ts'
import { sayIn } from '../messages/support.ts'
import { aDevice, aHandle, aPassword, aSignedUp, closeAccount, type SignedUp, signUp, signUpDocument } from './devices.ts'

let domain: Domain
let ben: APerson
beforeAll(async () => {
  domain = await aDomain()
  ben = await domain.aPerson('Ben')
})

const person = 'id name deletedAt'
const tombstoneOf = ({ globalId }: APerson) => ({ id: globalId, name: 'Deleted account', deletedAt: expect.any(String) })

const shown = `query ($id: ID!) { room(id: $id) {
  ... on GroupRoom { createdBy { ${person} } }
  ... on DirectRoom { peer { ${person} } }
  viewerPermissions
  members { nodes { user { ${person} } } }
  messages { nodes { content sender { ${person} } mentions { ${person} } reactions { users(first: 5) { ${person} } } } } } }`

const mutations = {
  addRoomMember: 'mutation ($input: AddRoomMemberInput!) { addRoomMember(input: $input) { room { id } } }',
  addTeamMember: 'mutation ($input: AddTeamMemberInput!) { addTeamMember(input: $input) { team { id } } }',
  blockUser: 'mutation ($input: BlockUserInput!) { blockUser(input: $input) { user { id } } }',
  unblockUser: 'mutation ($input: UnblockUserInput!) { unblockUser(input: $input) { user { id } } }',
  changePassword: 'mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { viewer { id } } }',
  createGroupRoom: 'mutation ($input: CreateGroupRoomInput!) { createGroupRoom(input: $input) { room { id } } }',
  createTeam: 'mutation ($input: CreateTeamInput!) { createTeam(input: $input) { team { id } } }',
  openDirectRoom: 'mutation ($input: OpenDirectRoomInput!) { openDirectRoom(input: $input) { room { id } } }',
  removeRoomMember: 'mutation ($input: RemoveRoomMemberInput!) { removeRoomMember(input: $input) { memberId } }',
  sendMessage: 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id mentions { id } } } }',
  updateProfile: 'mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { user { name } } }',
}
const write = (run: Runner, mutation: keyof typeof mutations, input: Record<string, unknown>) => run(mutations[mutation], { input })
const tryWrite = async (...args: Parameters<typeof write>) => codeOf(await write(...args))

/** Somebody who has closed their account, after that. */
async function whoClosed(before: (ada: SignedUp) => Promise<unknown> = async () => {}): Promise<SignedUp> {
  const ada = await aSignedUp(domain, 'Ada')
  await before(ada)
  expect((await closeAccount(ada)).errors).toBeUndefined()
  return ada
}

describe('who has closed their account', () => {
  it('is found by neither handle nor name, only by the id', async () => {
    const ada = await whoClosed()
    const { handle } = await domain.database.prisma.user.findUniqueOrThrow({ where: { id: ada.id } })
    const find = 'query ($handle: String!) { user(handle: $handle) { id } users(query: $handle, first: 100) { id } }'
    for (const text of [ada.handle, handle]) expect((await ben.run(find, { handle: text })).data).toEqual({ user: null, users: [] })
    for (const text of ['Ada', 'Deleted account']) {
      const { data } = await ben.run<{ users: { id: string }[] }>('query ($text: String!) { users(query: $text, first: 100) { id } }', {
        text,
      })
      expect(data!.users.map(({ id }) => id)).not.toContain(ada.globalId)
    }
    const { data } = await ben.run('query ($id: ID!) { node(id: $id) { ... on User { id handle name deletedAt } } }', { id: ada.globalId })
    expect(data).toEqual({ node: { ...tombstoneOf(ada), handle } })
  })

  it('goes on being who said, made, and did what they did', async () => {
    let room: ARoom | undefined
    const ada = await whoClosed(async (ada) => {
      room = await aGroup(ada, ben)
      await sayIn(ada, room, 'From Ada')
      const { id: messageId } = await sayIn(ben, room, `To @${ada.handle}`)
      await ada.run('mutation ($id: ID!) { addReaction(input: { messageId: $id, emoji: "👍" }) { message { id } } }', { id: messageId })
    })
    const tombstone = tombstoneOf(ada)
    expect((await ben.run(shown, { id: room!.globalId })).data).toMatchObject({
      room: {
        createdBy: tombstone,
        members: { nodes: [{ user: { id: ben.globalId } }] },
        messages: {
          nodes: [
            { content: 'From Ada', sender: tombstone },
            { content: `To @${ada.handle}`, mentions: [tombstone], reactions: [{ users: [tombstone] }] },
            { content: 'Left the room.', sender: tombstone },
          ],
        },
      },
    })
  })

  it('leaves direct rooms to be read: the other one is told, and nobody says anything there again', async () => {
    let room: ARoom | undefined
    const ada = await whoClosed(async (ada) => {
      room = await aDirectRoom(ada, ben)
      await sayIn(ada, room, 'Goodbye')
    })
    const told = domain.rung.filter(({ streamId }) => streamId === room!.id).at(-1)!
    const document = `subscription ($id: ID!) { roomEvents(roomId: $id) { __typename actor { ${person} }
      ... on RoomUpdated { room { viewerPermissions ... on DirectRoom { peer { ${person} } } } } } }`
    const { data } = await showEvent(domain, ben.actor, document, told, { id: room!.globalId })
    const tombstone = tombstoneOf(ada)
    expect(data).toEqual({
      roomEvents: { __typename: 'RoomUpdated', actor: tombstone, room: { viewerPermissions: [], peer: tombstone } },
    })
    expect((await ben.run(shown, { id: room!.globalId })).data).toMatchObject({
      room: {
        peer: tombstone,
        viewerPermissions: [],
        members: { nodes: expect.arrayContaining([{ user: tombstone }]) },
        messages: { nodes: [{ content: 'Goodbye', sender: tombstone }] },
      },
    })
    expect(await tryWrite(ben.run, 'sendMessage', { roomId: room!.globalId, content: 'Hello?' })).toBe('FORBIDDEN')
    // Whoever opens it finds it.
    expect((await write(ben.run, 'openDirectRoom', { userId: ada.globalId })).data).toEqual({
      openDirectRoom: { room: { id: room!.globalId } },
    })
  })

  it('is nobody where a person is asked for', async () => {
    const ada = await whoClosed()
    const userId = ada.globalId
    const [room, team] = [await aGroup(ben), await aTeam(ben)]
    const codes = {
      openDirectRoom: await tryWrite(ben.run, 'openDirectRoom', { userId }),
      createGroupRoom: await tryWrite(ben.run, 'createGroupRoom', { name: 'Group', memberIds: [userId] }),
      addRoomMember: await tryWrite(ben.run, 'addRoomMember', { roomId: room.globalId, userId }),
      addTeamMember: await tryWrite(ben.run, 'addTeamMember', { teamId: team.globalId, userId }),
      removeRoomMember: await tryWrite(ben.run, 'removeRoomMember', { roomId: room.globalId, userId }),
      blockUser: await tryWrite(ben.run, 'blockUser', { userId }),
    }
    expect(codes).toEqual(Object.fromEntries(Object.keys(codes).map((mutation) => [mutation, 'NOT_FOUND'])))
    const { handle } = await domain.database.prisma.user.findUniqueOrThrow({ where: { id: ada.id } })
    const { data } = await write(ben.run, 'sendMessage', { roomId: room.globalId, content: `@${ada.handle} @${handle}` })
    expect(data).toMatchObject({ sendMessage: { message: { mentions: [] } } })
  })

  it('cannot begin anything more by a session that is still believed alive elsewhere', async () => {
    let [group, direct]: (ARoom | undefined)[] = []
    const { run } = await whoClosed(async (ada) => {
      group = await aGroup(ada, ben)
      direct = await aDirectRoom(ada, ben)
    })
    const cid = await domain.aPerson('Cid')
    const codes = [
      await tryWrite(run, 'openDirectRoom', { userId: cid.globalId }),
      await tryWrite(run, 'createGroupRoom', { name: 'Group', memberIds: [] }),
      await tryWrite(run, 'createTeam', { name: 'Team' }),
      await tryWrite(run, 'sendMessage', { roomId: group!.globalId, content: 'Still here' }),
      await tryWrite(run, 'sendMessage', { roomId: direct!.globalId, content: 'Still here' }),
      await tryWrite(run, 'updateProfile', { name: 'Ada again' }),
      await tryWrite(run, 'changePassword', { currentPassword: aPassword, newPassword: aPassword }),
    ]
    expect(codes).toEqual(['NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND', 'FORBIDDEN', 'UNAUTHENTICATED', 'UNAUTHENTICATED'])
  })

  it('stays blocked by whoever has blocked them, who may take it back; that does not open their room again', async () => {
    let room: ARoom | undefined
    const ada = await whoClosed(async (ada) => {
      room = await aDirectRoom(ada, ben)
      await write(ben.run, 'blockUser', { userId: ada.globalId })
    })
    const blockedUsers = async () => (await ben.run(`{ viewer { blockedUsers { ${person} } } }`)).data
    expect(await blockedUsers()).toEqual({ viewer: { blockedUsers: [tombstoneOf(ada)] } })
    expect(await tryWrite(ben.run, 'unblockUser', { userId: ada.globalId })).toBeUndefined()
    expect(await blockedUsers()).toEqual({ viewer: { blockedUsers: [] } })
    expect(await tryWrite(ben.run, 'sendMessage', { roomId: room!.globalId, content: 'Hello?' })).toBe('FORBIDDEN')
  })
})

describe('the handle of a closed account', () => {
  it('is free, and whoever takes it gets nothing else', async () => {
    let room: ARoom | undefined
    const ada = await whoClosed(async (ada) => {
      room = await aGroup(ben, ada)
      await sayIn(ben, room, `Hello @${ada.handle}`)
    })
    const heir = await aSignedUp(domain, 'Another Ada', ada.handle)
    expect(heir.id).not.toBe(ada.id)
    const { data } = await heir.run('{ viewer { rooms { totalCount } teams { totalCount } sessions { id } } }')
    expect(data).toMatchObject({ viewer: { rooms: { totalCount: 0 }, teams: { totalCount: 0 }, sessions: [expect.anything()] } })
    expect((await heir.run(shown, { id: room!.globalId })).data).toEqual({ room: null })
    const { data: seen } = await ben.run(shown, { id: room!.globalId })
    expect(seen).toMatchObject({ room: { messages: { nodes: [{ mentions: [tombstoneOf(ada)] }, {}] } } })
    expect((await ben.run('query ($handle: String!) { user(handle: $handle) { id } }', { handle: ada.handle })).data).toEqual({
      user: { id: heir.globalId },
    })
  })

  it('that it has instead is nobody’s to take', async () => {
    const ada = await whoClosed()
    const { handle } = await domain.database.prisma.user.findUniqueOrThrow({ where: { id: ada.id } })
    for (const taken of [handle, 'deleted_by_myself', 'deleted_']) {
      const { errors } = await aDevice(domain).run(signUpDocument, { input: { handle: taken, name: 'Ada', password: aPassword } })
      expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'handle' })
    }
    await signUp(aDevice(domain), { handle: `deleted${aHandle()}` })
  })
})
