import { expect, it } from 'vitest'
import { until } from '../support/until.ts'
import { anotherDevice, orThrow, type Person } from './person.ts'
import { inEachWorld } from './world.ts'

const followRoom = `subscription ($id: ID!, $after: Cursor) { heard: roomEvents(roomId: $id, after: $after) { __typename seq
  ... on MessageAdded { message { content sender { id } mentions { id } } }
  ... on MemberUpdated { actor { id } member { role mutedUntil user { id } room { viewerPermissions } } } } }`
const followInbox = `subscription ($after: Cursor) { heard: inbox(after: $after) { __typename
  ... on ViewerUpdated { viewer { blockedUsers { name } } room { id viewerPermissions viewerMembership { notificationLevel } } }
  ... on Mentioned { message { content } } } }`
const later = '2100-01-01T00:00:00.000Z'
const everything = ['POST', 'UPDATE', 'MANAGE_MEMBERS', 'DELETE_ANY_MESSAGE', 'PIN', 'START_CALL', 'SCHEDULE_MEETING', 'ARCHIVE']

interface Heard {
  readonly __typename: string
  readonly [field: string]: unknown
}

inEachWorld('belonging to a room', (world) => {
  const ends = () => {
    const [here, there = here] = world().nodes
    return { here: here!, there: there! }
  }

  it('somebody who will not be quiet is silenced for all to see, and speaks again when the time has come', async () => {
    const { here, there } = ends()
    const [ada, ben, cid] = await Promise.all([world().aPerson('Ada', here), world().aPerson('Ben', there), world().aPerson('Cid', there)])
    const roomId = await ada.make(ben, cid)
    const ears = await Promise.all([ada, ben, cid].map((person) => listen(person, followRoom, roomId)))
    const rant = await ben.say(roomId, 'And another thing')

    // Everybody hears of it at once, and each is told what they themselves may do now.
    await mute(ada, roomId, ben, later)
    for (const [index, viewerPermissions] of [everything, [], ['POST', 'START_CALL', 'SCHEDULE_MEETING']].entries()) {
      const muted = { __typename: 'MemberUpdated', actor: { id: ada.id } }
      const member = { role: 'MEMBER', mutedUntil: later, user: { id: ben.id }, room: { viewerPermissions } }
      expect(await ears[index]!.upTo('MemberUpdated')).toMatchObject([{ message: { content: 'And another thing' } }, { ...muted, member }])
    }

    // On no node and by no turn of phrase does he say anything; he takes back what he said, and reads on.
    for (const node of [here, there])
      for (const content of ['Listen!', `Listen, @${ada.handle}!`])
        await expect(ben.on(node).say(roomId, content)).rejects.toThrow('FORBIDDEN: You are muted in this room.')
    await write(ben, 'deleteMessage', { messageId: rant })
    await cid.say(roomId, 'What peace')
    expect(await ears[1]!.upTo('MessageAdded')).toMatchObject([{ __typename: 'MessageDeleted' }, { message: { content: 'What peace' } }])

    // Going out and coming in again is no way around it.
    await ben.remove(roomId, ben)
    await ada.add(roomId, ben)
    await expect(ben.say(roomId, 'Me again')).rejects.toThrow('FORBIDDEN')
    expect(await permissionsOf(ben, roomId)).toEqual([])

    // She shortens it. It ends by itself, and nobody hears of that.
    await mute(ada, roomId, ben, new Date(Date.now() + 3000).toISOString())
    const after = await ada.cursorOf(roomId)
    await until(async () => (await permissionsOf(ben, roomId))!.length > 0, { what: 'the end of the mute' })
    expect(await ada.cursorOf(roomId)).toBe(after)
    await ben.on(here).say(roomId, 'I am calm')
    const shown = 'query ($id: ID!) { room(id: $id) { viewerMembership { mutedUntil } } }'
    expect((await ben.ask(shown, { id: roomId })).data).toEqual({ room: { viewerMembership: { mutedUntil: null } } })

    // Lifted before its time, it is over at once.
    await mute(ada, roomId, ben, later)
    await expect(ben.say(roomId, 'I am')).rejects.toThrow('FORBIDDEN')
    await mute(ada, roomId, ben, null)
    await ben.say(roomId, 'Thank you')
    await Promise.all(ears.map((one) => one.stop()))
  }, 60_000)

  it('two part: one keeps the other away, who hears nothing of it and finds out by trying; and take up with each other again', async () => {
    const { here, there } = ends()
    const [ada, ben, cid] = await Promise.all([world().aPerson('Ada', here), world().aPerson('Ben', there), world().aPerson('Cid', here)])
    const tablet = await anotherDevice(ada, there)
    const [twoId, shared] = [await ada.open(ben), await cid.make(ada, ben)]
    const talk = await listen(ben, followRoom, twoId)
    const [tabletHears, benHears] = [await listen(tablet, followInbox), await listen(ben, followInbox)]
    await ben.say(twoId, 'Hello?')

    // Her other device is told, on the other node, and of which room it closes.
    await write(ada, 'blockUser', { userId: ben.id })
    expect(await tabletHears.upTo('ViewerUpdated')).toMatchObject([
      { viewer: { blockedUsers: [{ name: 'Ben' }] }, room: { id: twoId, viewerPermissions: [] } },
    ])
    for (const node of [here, there]) {
      await expect(ben.on(node).say(twoId, 'Are you there?')).rejects.toThrow('FORBIDDEN')
      await expect(tablet.on(node).say(twoId, 'No')).rejects.toThrow('FORBIDDEN')
    }
    await expect(ben.make(cid, ada)).rejects.toThrow('FORBIDDEN')
    expect(await ben.open(ada)).toBe(twoId)

    // Where others are too they go on hearing each other, but nobody is called by the other.
    const group = await listen(ada, followRoom, shared)
    await ben.say(shared, `Does @${ada.handle} hear me, @${cid.handle}?`)
    expect(await group.upTo('MessageAdded')).toMatchObject([{ message: { sender: { id: ben.id }, mentions: [{ id: cid.id }] } }])
    expect(await ada.readAll(twoId)).toEqual(['Hello?'])

    // And back. The first thing that Ben hears since is what she says.
    await write(tablet, 'unblockUser', { userId: ben.id })
    expect(await tabletHears.upTo('ViewerUpdated')).toMatchObject([
      { viewer: { blockedUsers: [] }, room: { id: twoId, viewerPermissions: ['POST', 'PIN', 'START_CALL', 'SCHEDULE_MEETING'] } },
    ])
    await ada.say(twoId, `I am here again, @${ben.handle}`)
    const said = { __typename: 'MessageAdded', message: { content: `I am here again, @${ben.handle}` } }
    expect(await talk.upTo('MessageAdded', 2)).toMatchObject([{ message: { content: 'Hello?' } }, said])
    expect(await benHears.upTo('Mentioned')).toMatchObject([{ __typename: 'Mentioned' }])
    await Promise.all([talk, tabletHears, benHears, group].map((one) => one.stop()))
  })

  it('what one wants to be told of a room is known to all of one’s devices, and to nobody else', async () => {
    const { here, there } = ends()
    const [ada, ben] = await Promise.all([world().aPerson('Ada', here), world().aPerson('Ben', there)])
    const tablet = await anotherDevice(ada, there)
    const roomId = await ada.make(ben)
    const hears = await listen(tablet, followInbox)
    const [room, bensInbox] = [await ben.cursorOf(roomId), await inboxCursorOf(ben)]
    await write(ada, 'setNotificationLevel', { roomId, level: 'MENTIONS' })
    expect(await hears.upTo('ViewerUpdated')).toMatchObject([{ room: { id: roomId, viewerMembership: { notificationLevel: 'MENTIONS' } } }])
    expect([await ben.cursorOf(roomId), await inboxCursorOf(ben)]).toEqual([room, bensInbox])
    const levels = 'query ($id: ID!) { room(id: $id) { members { nodes { user { id } notificationLevel } } } }'
    const { data } = await ben.ask<{ room: { members: { nodes: object[] } } }>(levels, { id: roomId })
    expect(data!.room.members.nodes).toContainEqual({ user: { id: ada.id }, notificationLevel: null })
    await hears.stop()
  })

  it('a lead keeps order in a channel they are not in, as long as they lead, and sees no private one', async () => {
    const { here, there } = ends()
    const [ada, ben, cid] = await Promise.all([world().aPerson('Ada', here), world().aPerson('Ben', there), world().aPerson('Cid', there)])
    const { team } = await write<{ team: { id: string } }>(ada, 'createTeam', { name: 'Crew' }, 'team { id }')
    for (const { id: userId } of [ben, cid]) await write(ada, 'addTeamMember', { teamId: team.id, userId })
    const make = async (isPrivate: boolean) => {
      const input = { teamId: team.id, name: 'A channel', isPrivate }
      return (await write<{ channel: { id: string } }>(ben, 'createChannel', input, 'channel { id }')).channel.id
    }
    const [open, closed] = [await make(false), await make(true)]
    expect([await permissionsOf(ada, open), await permissionsOf(ada, closed)]).toEqual([everything, undefined])

    // Cid says something by which he is in, and is out again before anybody can say so.
    await cid.say(open, 'Buy my stamps')
    await cid.remove(open, cid)
    await mute(ada.on(there), open, cid, later)
    expect(await permissionsOf(cid, open)).toEqual([])
    await expect(cid.say(open, 'Stamps!')).rejects.toThrow('FORBIDDEN')
    await expect(mute(cid, open, cid, null)).rejects.toThrow('FORBIDDEN')
    await expect(mute(ada, open, ben, later)).rejects.toThrow('FORBIDDEN: Nobody mutes those who run the room.')
    await expect(mute(ada, closed, ben, later)).rejects.toThrow('NOT_FOUND')

    // Cid comes to lead, and to Ada it is only a team that she is in.
    await write(ada, 'setTeamRole', { teamId: team.id, userId: cid.id, role: 'LEAD' })
    await write(cid, 'setTeamRole', { teamId: team.id, userId: ada.id, role: 'MEMBER' })
    expect([await permissionsOf(ada, open), await permissionsOf(cid, open)]).toEqual([
      ['POST', 'START_CALL', 'SCHEDULE_MEETING'],
      everything,
    ])
    await expect(mute(ada, open, cid, null)).rejects.toThrow('FORBIDDEN')
    await cid.say(open, 'No more stamps')
  })
})

/** What comes from now on, of a room or of the inbox. */
async function listen(person: Person, query: string, id?: string) {
  const after = id === undefined ? await inboxCursorOf(person) : await person.cursorOf(id)
  const client = person.connect()
  const frames = client.iterate<{ heard: Heard }>({ query, variables: { ...(id && { id }), after } })
  return {
    /** All that comes up to the next event of that type, or the nth of them. */
    async upTo(type: string, nth = 1): Promise<Heard[]> {
      const events: Heard[] = []
      for await (const { data, errors } of { [Symbol.asyncIterator]: () => ({ next: () => frames.next() }) }) {
        if (errors) throw errors[0]
        events.push(data!.heard)
        if (events.filter(({ __typename }) => __typename === type).length === nth) break
      }
      return events
    },
    stop: () => client.dispose(),
  }
}

async function inboxCursorOf(person: Person): Promise<string> {
  return orThrow(await person.ask<{ viewer: { inboxCursor: string } }>('{ viewer { inboxCursor } }')).viewer.inboxCursor
}

async function permissionsOf(person: Person, id: string): Promise<readonly string[] | undefined> {
  const query = 'query ($id: ID!) { room(id: $id) { viewerPermissions } }'
  return orThrow(await person.ask<{ room: { viewerPermissions: string[] } | null }>(query, { id })).room?.viewerPermissions
}

async function write<Data = Record<string, unknown>>(
  person: Person,
  mutation: string,
  input: object,
  selection = '__typename',
): Promise<Data> {
  const type = `${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input`
  const query = `mutation ($input: ${type}!) { done: ${mutation}(input: $input) { ${selection} } }`
  return orThrow(await person.ask<{ done: Data }>(query, { input })).done
}

function mute(person: Person, roomId: string, { id: userId }: Person, until: string | null) {
  return write(person, 'muteMember', { roomId, userId, until })
}
