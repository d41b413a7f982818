import { createClient } from 'graphql-ws'
import { expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { openSocket } from '../support/client.ts'
import { until } from '../support/until.ts'
import { aPictureFile, takeFile, upload } from '../support/uploads.ts'
import { callOf, joinCall, joinMeeting, listen, type Seat, send, startCall } from './calling.ts'
import { orThrow, type Person } from './person.ts'
import { isServed } from './place.ts'
import { inEachWorld, onTwoNodes, type World } from './world.ts'

// The five systems that this one replaces, row by row: what each could do is done here, and named here in its words.

inEachWorld('000 · Team platform (channels, messages, meetings)', (world) => {
  it('connect with `auth.token`; refused when invalid', async () => {
    const ada = await world().aPerson('Ada')
    const entered = await openSocket(socketUrl(ada))
    await entered.enter({ authorization: ada.credentials.authorization })
    await entered.close()
    const refused = await openSocket(socketUrl(ada))
    refused.send({ type: 'connection_init', payload: { authorization: 'Bearer forged' } })
    expect((await refused.closed).code).toBe(4403)
  })

  it('`join:channel`, `leave:channel`', async () => {
    const { ada, ben, channelId } = await aChannel(world())
    const listening = await ben.follow(channelId)
    await ada.say(channelId, 'Hello')
    await listening.hears('Hello')
    await listening.stop()
  })

  it('`message:send`; POST /messages, `reply_to_id`', async () => {
    const { ada, ben, channelId } = await aChannel(world())
    const replyToId = await ada.say(channelId, 'Tea?')
    const sent = await write(
      ben,
      'sendMessage',
      { roomId: channelId, content: 'Yes', replyToId },
      'message { content replyTo { content } }',
    )
    expect(sent).toEqual({ message: { content: 'Yes', replyTo: { content: 'Tea?' } } })
  })

  it('`message:new`', async () => {
    const { ada, ben, channelId } = await aChannel(world())
    const client = ben.connect()
    const added = client.iterate({
      query: 'subscription ($id: ID!, $after: Cursor) { messageAdded(roomId: $id, after: $after) { message { content sender { name } } } }',
      variables: { id: channelId, after: await ben.cursorOf(channelId) },
    })
    await ada.say(channelId, 'First')
    expect((await added.next()).value?.data).toEqual({ messageAdded: { message: { content: 'First', sender: { name: 'Ada' } } } })
    await client.dispose()
  })

  it('`typing:start`, `typing:stop`; `typing:indicator`, not to the typist', async () => {
    const { ada, ben, channelId } = await aChannel(world())
    const [told, mine] = [await typingIn(ben, channelId), await typingIn(ada, channelId)]
    await write(ada, 'setTyping', { roomId: channelId, isTyping: true }, 'room { id }')
    await told.hears('Ada types')
    await write(ada, 'setTyping', { roomId: channelId, isTyping: false }, 'room { id }')
    await told.hears('Ada types', 'Ada stops')
    expect(mine.heard).toEqual([])
    await Promise.all([told.stop(), mine.stop()])
  })

  it('POST /channels, team members only', async () => {
    const { ben, cid, teamId } = await aTeam(world())
    const make = (person: Person) => attempt(person, 'createChannel', { teamId, name: 'plans' }, 'channel { name team { id } }')
    expect(await make(ben)).toEqual({ channel: { name: 'plans', team: { id: teamId } } })
    expect(await make(cid)).toBe('NOT_FOUND')
  })

  it('GET /channels?team_id; GET /channels/{id} with `member_count`, `last_message_at`', async () => {
    const { ada, ben, teamId, channelId } = await aChannel(world())
    await ada.say(channelId, 'Hello')
    const { team } = await read(ben, 'query ($id: ID!) { team(id: $id) { channels(first: 10) { nodes { name } } } }', { id: teamId })
    expect(team.channels.nodes.map(({ name }: { name: string }) => name).sort()).toEqual(['general', 'plans'])
    const { room } = await read(ben, 'query ($id: ID!) { room(id: $id) { memberCount lastMessage { content createdAt } } }', {
      id: channelId,
    })
    expect(room).toEqual({ memberCount: 2, lastMessage: { content: 'Hello', createdAt: expect.stringMatching(/Z$/) } })
  })

  it('ChannelUpdate: name, description', async () => {
    const { ada, channelId } = await aChannel(world())
    const changed = await write(ada, 'updateRoom', { roomId: channelId, name: 'ideas', topic: 'All of them' }, 'room { name topic }')
    expect(changed).toEqual({ room: { name: 'ideas', topic: 'All of them' } })
  })

  it('DELETE /channels/{id}, team lead only', async () => {
    const { ada, ben, channelId } = await aChannel(world())
    expect(await attempt(ben, 'archiveRoom', { roomId: channelId }, 'room { archivedAt }')).toBe('FORBIDDEN')
    expect(await attempt(ada, 'archiveRoom', { roomId: channelId }, 'room { archivedAt }')).toEqual({
      room: { archivedAt: expect.any(String) },
    })
    expect(await attempt(ben, 'sendMessage', { roomId: channelId, content: 'Late' }, 'message { id }')).toBe('FORBIDDEN')
  })

  it('GET /messages: newest page, oldest first, `has_more`, `total`', async () => {
    const { ada, roomId: channelId } = await aGroup(world())
    for (const content of ['one', 'two', 'three']) await ada.say(channelId, content)
    const { room } = await read(
      ada,
      'query ($id: ID!) { room(id: $id) { messages(last: 2) { nodes { content } pageInfo { hasPreviousPage } totalCount } } }',
      { id: channelId },
    )
    expect(room.messages).toEqual({
      nodes: [{ content: 'two' }, { content: 'three' }],
      pageInfo: { hasPreviousPage: true },
      totalCount: 3,
    })
  })

  it('PATCH /messages/{id}, sender only, `is_edited`', async () => {
    const { ada, ben, channelId } = await aChannel(world())
    const messageId = await ben.say(channelId, 'Teh')
    expect(await attempt(ada, 'editMessage', { messageId, content: 'The' }, 'message { content }')).toBe('FORBIDDEN')
    expect(await attempt(ben, 'editMessage', { messageId, content: 'The' }, 'message { content editedAt }')).toEqual({
      message: { content: 'The', editedAt: expect.any(String) },
    })
  })

  it('DELETE /messages/{id}, sender or team lead', async () => {
    const { ada, ben, channelId } = await aChannel(world())
    const messageId = await ben.say(channelId, 'Oops')
    expect(await attempt(ada, 'deleteMessage', { messageId }, 'message { content deletedAt }')).toEqual({
      message: { content: '', deletedAt: expect.any(String) },
    })
  })

  it('meetings: create, list by team, get, update, cancel', async () => {
    const { ada, ben, cid, teamId, channelId } = await aChannel(world())
    const id = await plan(ada, channelId)
    const list = async (person: Person) => {
      const document = `query ($id: ID!, $from: DateTime!, $to: DateTime!) { team(id: $id) {
        meetings(from: $from, to: $to) { startsAt status meeting { id title } } } }`
      return (await read(person, document, { id: teamId, from: inHours(0), to: inHours(24) })).team?.meetings
    }
    expect(await list(ben)).toMatchObject([{ status: 'SCHEDULED', meeting: { id, title: 'Plans' } }])
    const document = 'query ($id: ID!) { meeting(id: $id) { title description } }'
    expect(await read(ben, document, { id })).toEqual({ meeting: { title: 'Plans', description: null } })
    expect([await list(cid), await read(cid, document, { id })]).toEqual([undefined, { meeting: null }])
    const changed = { title: 'Great plans', startsAt: inHours(2), endsAt: inHours(3) }
    expect(await attempt(ben, 'updateMeeting', { meetingId: id, ...changed }, 'meeting { id }')).toBe('FORBIDDEN')
    const now = await write(ada, 'updateMeeting', { meetingId: id, ...changed }, 'meeting { title startsAt endsAt }')
    expect(now.meeting).toEqual(changed)
    await write(ada, 'cancelMeeting', { meetingId: id }, 'meeting { id }')
    expect(await list(ben)).toMatchObject([{ status: 'CANCELLED' }])
  })

  it('`is_recurring`, `recurrence_pattern` daily, weekly, …', async () => {
    const { ada, ben, channelId } = await aChannel(world())
    const document = `query ($id: ID!, $from: DateTime!, $to: DateTime!) { meeting(id: $id) { recurrence occurrences(from: $from, to: $to) { startsAt } } }`
    for (const [frequency, days] of [
      ['DAILY', 1],
      ['WEEKLY', 7],
    ] as const) {
      const startsAt = inHours(1)
      const id = await plan(ada, channelId, { startsAt, endsAt: inHours(1.5), recurrence: `FREQ=${frequency};COUNT=3` })
      const { meeting } = await read(ben, document, { id, from: inHours(0), to: inHours(24 * 30) })
      expect(meeting.recurrence).toBe(`FREQ=${frequency};COUNT=3`)
      const starts = [0, 1, 2].map((index) => new Date(Date.parse(startsAt) + index * days * 24 * 3_600_000).toISOString())
      expect(meeting.occurrences).toEqual(starts.map((start) => ({ startsAt: start })))
    }
    expect((await read(ben, document, { id: await plan(ada, channelId), from: inHours(0), to: inHours(24) })).meeting.recurrence).toBeNull()
  })

  it('status scheduled, in_progress, completed, cancelled', async () => {
    const { ada, ben, channelId } = await aChannel(world())
    const statusOfMeeting = async (id: string) =>
      (await read(ben, 'query ($id: ID!) { meeting(id: $id) { status } }', { id })).meeting.status
    const later = await plan(ada, channelId)
    expect(await statusOfMeeting(later)).toBe('SCHEDULED')
    await write(ada, 'cancelMeeting', { meetingId: later }, 'meeting { id }')
    expect(await statusOfMeeting(later)).toBe('CANCELLED')
    const seconds = 1 / 3600
    const soon = await plan(ada, channelId, { startsAt: inHours(-seconds), endsAt: inHours(5 * seconds) })
    const { participantId } = await joinMeeting(ben, soon)
    expect(await statusOfMeeting(soon)).toBe('IN_PROGRESS')
    await write(ben, 'leaveCall', { participantId }, 'call { id }')
    await until(async () => (await statusOfMeeting(soon)) === 'COMPLETED', { within: 15_000, what: 'its end' })
  })

  it('`meeting_link`, `created_by_name`, `attendees_count`', async () => {
    const { ada, ben, channelId } = await aChannel(world())
    const id = await plan(ada, channelId)
    const document =
      'query ($id: ID!) { meeting(id: $id) { link createdBy { name } attendeeCount attendees(first: 10) { nodes { rsvp user { name } } } } }'
    await write(ben, 'respondToMeeting', { meetingId: id, rsvp: 'TENTATIVE' }, 'attendee { rsvp }')
    const { meeting } = await read(ben, document, { id })
    expect(meeting).toMatchObject({
      createdBy: { name: 'Ada' },
      attendeeCount: 2,
      link: expect.stringMatching(`^https?://.*/meetings/${id}$`),
    })
    expect(meeting.attendees.nodes).toEqual([
      { rsvp: 'ACCEPTED', user: { name: 'Ada' } },
      { rsvp: 'TENTATIVE', user: { name: 'Ben' } },
    ])
  })

  it('POST /meetings/{id}/join -> room id, participants with peer ids', async () => {
    const { ada, ben, channelId } = await aChannel(world())
    const id = await plan(ada, channelId)
    const mine = await joinMeeting(ada, id)
    const selection = 'participant { id } call { room { id } participants { id state user { name } } }'
    const joined = await write(ben, 'joinMeeting', { meetingId: id, deviceId: 'phone' }, selection)
    expect(joined.call).toEqual({
      room: { id: channelId },
      participants: [
        { id: mine.participantId, state: 'JOINED', user: { name: 'Ada' } },
        { id: joined.participant.id, state: 'JOINED', user: { name: 'Ben' } },
      ],
    })
    await send(ben, joined.participant.id, mine.participantId, 'OFFER', { type: 'offer', sdp: 'v=0' })
    const atAda = listen(ada, mine)
    await atAda.count(1)
    expect(atAda.heard).toMatchObject([{ kind: 'OFFER', from: { user: { id: ben.id } } }])
    atAda.stop()
  })

  it('peerService: call, answer, toggle audio and video, disconnect', async () => {
    const { ada, ben, channelId } = await aChannel(world())
    const mine = await startCall(ada, channelId)
    const theirs = await joinCall(ben, mine.callId)
    const muted = await write(ben, 'updateParticipant', { participantId: theirs.participantId, audio: false, video: false }, 'call { id }')
    expect(muted.call.id).toBe(mine.callId)
    expect((await placesIn(ada, mine)).map(({ audio, video }) => [audio, video])).toEqual([
      [true, true],
      [false, false],
    ])
    const gone = await write(ben, 'leaveCall', { participantId: theirs.participantId }, 'participant { state } call { state }')
    expect(gone).toEqual({ participant: { state: 'LEFT' }, call: { state: 'ONGOING' } })
  })
})

onTwoNodes('000 · Team platform: Redis between instances', (world) => {
  it('what is said on one is heard on the other', async () => {
    const [here, there] = world().nodes
    const ada = await world().aPerson('Ada', here)
    const ben = await world().aPerson('Ben', there)
    const roomId = await ada.make(ben)
    const listening = await ben.follow(roomId)
    await ada.say(roomId, 'Across')
    await listening.hears('Across')
    await listening.stop()
  })
})

inEachWorld('001 · SMIMSO (bare WebSocket, conversations, WebRTC)', (world) => {
  it('`/ws/chat?token=`; close 1008 without or with a bad one; `{type: connected}`', async () => {
    const ada = await world().aPerson('Ada')
    const roomId = await ada.make()
    const anonymous = await openSocket(socketUrl(ada))
    // `enter` waits for connection_ack.
    await anonymous.enter()
    anonymous.subscribe('1', 'subscription ($id: ID!) { roomEvents(roomId: $id) { seq } }', { id: roomId })
    expect(await anonymous.messages.next()).toMatchObject({
      id: '1',
      type: 'error',
      payload: [{ extensions: { code: 'UNAUTHENTICATED' } }],
    })
    await anonymous.close()
    const token = ada.credentials.authorization!.replace('Bearer ', '')
    const byUrl = await openSocket(socketUrl(ada), { path: `/graphql?token=${token}` })
    await byUrl.enter()
    byUrl.subscribe('1', 'query { viewer { id } }')
    expect(await byUrl.messages.next()).toMatchObject({ id: '1', type: 'next', payload: { data: { viewer: null } } })
    await byUrl.close()
  })

  it('several sockets a user, all served', async () => {
    const { ada, ben, roomId } = await aGroup(world())
    const devices = [await ben.follow(roomId), await ben.follow(roomId)]
    await ada.say(roomId, 'Both')
    for (const device of devices) await device.hears('Both')
    for (const device of devices) await device.stop()
  })

  it('conversations private, group; name', async () => {
    const [ada, ben] = [await world().aPerson('Ada'), await world().aPerson('Ben')]
    const opened = await write(ada, 'openDirectRoom', { userId: ben.id }, 'room { kind peer { name } }')
    expect(opened).toEqual({ room: { kind: 'DIRECT', peer: { name: 'Ben' } } })
    const made = await write(ada, 'createGroupRoom', { name: 'Trip', memberIds: [ben.id] }, 'room { id kind name }')
    expect(made).toMatchObject({ room: { kind: 'GROUP', name: 'Trip' } })
  })

  it('conversations: avatar', async () => {
    const { ada, roomId } = await aGroup(world())
    const { id: avatarId } = await takeFile(ada, await aPictureFile())
    const { room } = await write(ada, 'updateRoom', { roomId, avatarId }, 'room { avatarUrl }')
    expect((await fetch(room.avatarUrl)).headers.get('content-type')).toBe('image/webp')
  })

  it('participants `joined_at`', async () => {
    const { ada, roomId } = await aGroup(world())
    const { room } = await read(ada, 'query ($id: ID!) { room(id: $id) { members { nodes { joinedAt user { name } } } } }', { id: roomId })
    expect(room.members.nodes).toHaveLength(2)
    for (const { joinedAt } of room.members.nodes) expect(Date.parse(joinedAt)).toBeGreaterThan(0)
  })

  it('participants `last_read_at`', async () => {
    const { ada, ben, roomId } = await aGroup(world())
    const { readMark } = await write(ben, 'markRead', { roomId, messageId: await ada.say(roomId, 'Hello') }, 'readMark { seq at }')
    const { room } = await read(ada, 'query ($id: ID!, $ben: ID!) { room(id: $id) { member(userId: $ben) { readMark { seq at } } } }', {
      id: roomId,
      ben: ben.id,
    })
    expect(room.member).toEqual({ readMark })
  })

  it('message type text', async () => {
    const { ada, roomId } = await aGroup(world())
    const { message } = await write(ada, 'sendMessage', { roomId, content: 'Words' }, 'message { kind }')
    expect(message.kind).toBe('TEXT')
  })

  it('message types image, file, audio, video; `file_url`', async () => {
    const { ada, ben, roomId } = await aGroup(world())
    const film = Buffer.from('0000001c667479706d703432000000006d7034326d70343169736f6d000000086d646174', 'hex')
    const sound = Buffer.from(
      '524946462c00000057415645666d7420100000000100010044ac000044ac0000010008006461746108000000 8080808080808080'.replace(' ', ''),
      'hex',
    )
    const files = [
      ['IMAGE', await aPictureFile()],
      ['FILE', { filename: 'notes.txt', mimeType: 'text/plain', bytes: Buffer.from('Notes') }],
      ['AUDIO', { filename: 'sound.wav', mimeType: 'audio/wav', bytes: sound }],
      ['VIDEO', { filename: 'film.mp4', mimeType: 'video/mp4', bytes: film }],
    ] as const
    for (const [kind, file] of files) {
      const attachmentIds = [(await takeFile(ada, file)).id]
      await write(ada, 'sendMessage', { roomId, content: '', attachmentIds }, 'message { id }')
      const { room } = await read(ben, 'query ($id: ID!) { room(id: $id) { lastMessage { kind attachments { url } } } }', { id: roomId })
      expect(room.lastMessage.kind).toBe(kind)
      expect(Buffer.from(await (await fetch(room.lastMessage.attachments[0].url)).arrayBuffer()).equals(file.bytes)).toBe(true)
    }
  })

  it('`message`', async () => {
    const { ada, ben, roomId } = await aGroup(world())
    const listening = await ben.follow(roomId)
    await ada.say(roomId, 'Hello')
    await listening.hears('Hello')
    await listening.stop()
  })

  it('`typing`', async () => {
    const { ada, ben, roomId } = await aGroup(world())
    const told = await typingIn(ben, roomId)
    await write(ada, 'setTyping', { roomId, isTyping: true }, 'room { id }')
    await told.hears('Ada types')
    await told.stop()
  })

  it('`read`', async () => {
    const { ada, ben, roomId } = await aGroup(world())
    const messageId = await ada.say(roomId, 'Hello')
    const told = await readingIn(ada, roomId)
    await write(ben, 'markRead', { roomId, messageId }, 'readMark { seq }')
    expect(await told.next()).toEqual([{ user: { name: 'Ben' }, seq: 1 }])
    await told.stop()
  })

  it('send to each participant', async () => {
    const { ada, ben, roomId } = await aGroup(world())
    const everybody = [await ada.follow(roomId), await ben.follow(roomId)]
    await ada.say(roomId, 'All of you')
    for (const one of everybody) await one.hears('All of you')
    for (const one of everybody) await one.stop()
  })

  it('`call-offer`, `call-answer`, `ice-candidate` to a target user', async () => {
    const { ada, ben, roomId } = await aGroup(world())
    const mine = await startCall(ada, roomId)
    const theirs = await joinCall(ben, mine.callId)
    const [atAda, atBen] = [listen(ada, mine), listen(ben, theirs)]
    await send(ada, mine.participantId, theirs.participantId, 'OFFER', { sdp: 'an offer' })
    await atBen.count(1)
    await send(ben, theirs.participantId, mine.participantId, 'ANSWER', { sdp: 'an answer' })
    await send(ben, theirs.participantId, mine.participantId, 'ICE_CANDIDATE', { candidate: 'a way' })
    await atAda.count(2)
    expect([...atBen.heard, ...atAda.heard].map(({ kind }) => kind)).toEqual(['OFFER', 'ANSWER', 'ICE_CANDIDATE'])
    for (const hearing of [atAda, atBen]) hearing.stop()
  })

  it('audio, video, screen sharing', async () => {
    const { ada, ben, roomId } = await aGroup(world())
    const mine = await startCall(ada, roomId)
    const said = { participantId: mine.participantId, audio: false, screen: true }
    await write(ada, 'updateParticipant', said, 'participant { id }')
    expect((await placesIn(ben, mine))[0]).toMatchObject({ audio: false, video: true, screen: true })
  })

  it('online status', async () => {
    const { ada, ben } = await aTeam(world())
    expect(await statusOf(ben, ada)).toBe('OFFLINE')
    const device = await ada.follow(await ada.make(ben))
    await until(async () => (await statusOf(ben, ada)) === 'ONLINE')
    await device.stop()
  })
})

inEachWorld('002 · Armada Den (rooms, media, receipts)', (world) => {
  it('POST, GET, GET one, PATCH rooms; direct, group; admin only', async () => {
    const { ada, ben, roomId } = await aGroup(world())
    const directId = await ada.open(ben)
    const { viewer, room } = await read(
      ben,
      'query ($id: ID!) { viewer { rooms(first: 10) { nodes { id } } } room(id: $id) { id name } }',
      { id: roomId },
    )
    expect(viewer.rooms.nodes.map(({ id }: { id: string }) => id).sort()).toEqual([directId, roomId].sort())
    expect(room).toEqual({ id: roomId, name: 'Friends' })
    expect(await attempt(ben, 'updateRoom', { roomId, name: 'Mine' }, 'room { name }')).toBe('FORBIDDEN')
    expect(await attempt(ada, 'updateRoom', { roomId, name: 'Ours' }, 'room { name }')).toEqual({ room: { name: 'Ours' } })
  })

  it('add member (admin), remove member (admin or self), soft', async () => {
    const { ada, ben, roomId } = await aGroup(world())
    const cid = await world().aPerson('Cid')
    expect(await attempt(ben, 'addRoomMember', { roomId, userId: cid.id }, 'member { id }')).toBe('FORBIDDEN')
    await ada.add(roomId, cid)
    await cid.say(roomId, 'Here I am')
    await ada.remove(roomId, cid)
    await ben.remove(roomId, ben)
    expect(await ada.readAll(roomId)).toContain('Here I am')
  })

  it('creator is admin; admins update, manage members, delete any message', async () => {
    const { ada, ben, roomId } = await aGroup(world())
    const document = 'query ($id: ID!) { room(id: $id) { viewerMembership { role } viewerPermissions } }'
    const { room } = await read(ada, document, { id: roomId })
    expect(room.viewerMembership.role).toBe('ADMIN')
    expect(room.viewerPermissions).toEqual(expect.arrayContaining(['UPDATE', 'MANAGE_MEMBERS', 'DELETE_ANY_MESSAGE']))
    expect((await read(ben, document, { id: roomId })).room.viewerPermissions).toEqual(['POST', 'START_CALL', 'SCHEDULE_MEETING'])
  })

  it('messages: create, page, edit, delete (soft), reply, forward', async () => {
    const { ada, ben, roomId } = await aGroup(world())
    const messageId = await ada.say(roomId, 'Draft')
    await write(ada, 'editMessage', { messageId, content: 'Final' }, 'message { id }')
    await write(ben, 'sendMessage', { roomId, content: 'Good', replyToId: messageId }, 'message { id }')
    const toRoomId = await ben.open(ada)
    const forwarded = await write(ben, 'forwardMessage', { messageId, toRoomId }, 'message { content isForwarded forwardedFrom { id } }')
    expect(forwarded).toEqual({ message: { content: 'Final', isForwarded: true, forwardedFrom: { id: messageId } } })
    await write(ada, 'deleteMessage', { messageId }, 'message { id }')
    expect(await ben.readAll(roomId)).toEqual(['', 'Good'])
    expect(await ada.readAll(toRoomId)).toEqual(['Final'])
  })

  it('POST read with message ids; `message_read_receipts`', async () => {
    const { ada, ben, roomId } = await aGroup(world())
    const [first, last] = [await ada.say(roomId, 'One'), await ada.say(roomId, 'Two')]
    await write(ben, 'markRead', { roomId, messageId: last }, 'readMark { seq }')
    for (const id of [first, last]) {
      const { message } = await read(ada, 'query ($id: ID!) { message(id: $id) { readBy { nodes { user { name } at } } } }', { id })
      expect(message.readBy.nodes).toEqual([{ user: { name: 'Ben' }, at: expect.any(String) }])
    }
  })

  it('POST upload; signed URL for direct upload; media url, filename, size, mime type', async () => {
    const ada = await world().aPerson('Ada')
    const file = await aPictureFile()
    const { uploadUrl, headers, attachment } = await upload(ada, file)
    expect((await fetch(uploadUrl, { method: 'PUT', headers, body: new Uint8Array(file.bytes) })).ok).toBe(true)
    const done = await write(ada, 'completeUpload', { attachmentId: attachment.id }, 'attachment { state url filename size mimeType }')
    expect(done.attachment).toEqual({
      state: 'READY',
      url: expect.stringMatching(/^http/),
      filename: 'red.png',
      size: file.bytes.length,
      mimeType: 'image/png',
    })
  })

  it('`connected`, `room_joined`, `room_left`', async () => {
    const { ada, ben, roomId } = await aGroup(world())
    const listening = await ben.follow(roomId)
    await ada.say(roomId, 'Hello')
    await listening.hears('Hello')
    await ada.remove(roomId, ben)
    expect((await listening.ended)?.map(({ extensions }) => extensions.code)).toEqual(['NOT_FOUND'])
    await listening.stop()
  })

  it('`user_joined`, `user_left`, `member_added`, `member_removed`', async () => {
    const { ada, roomId } = await aGroup(world())
    const cid = await world().aPerson('Cid')
    const listening = await ada.follow(roomId)
    const inbox = await anInbox(cid)
    await ada.add(roomId, cid)
    await ada.remove(roomId, cid)
    await listening.hearsUpTo(4)
    expect(listening.heard.map(({ __typename }) => __typename)).toEqual(['MemberJoined', 'MessageAdded', 'MemberLeft', 'MessageAdded'])
    expect(await inbox.take(2)).toEqual(['RoomAdded', 'RoomRemoved'])
    await inbox.stop()
    await listening.stop()
  })

  it('`new_message`, `message_edited`, `message_deleted`', async () => {
    const { ada, ben, roomId } = await aGroup(world())
    const listening = await ben.follow(roomId)
    const messageId = await ada.say(roomId, 'One')
    await write(ada, 'editMessage', { messageId, content: 'Two' }, 'message { id }')
    await write(ada, 'deleteMessage', { messageId }, 'message { id }')
    await listening.hearsUpTo(3)
    expect(listening.heard.map(({ __typename }) => __typename)).toEqual(['MessageAdded', 'MessageEdited', 'MessageDeleted'])
    await listening.stop()
  })

  it('`messages_read`', async () => {
    const { ada, ben, roomId } = await aGroup(world())
    const told = await readingIn(ada, roomId)
    await ada.say(roomId, 'One')
    await write(ben, 'markRead', { roomId, messageId: await ada.say(roomId, 'Two') }, 'readMark { seq }')
    expect(await told.next()).toEqual([{ user: { name: 'Ben' }, seq: 2 }])
    await told.stop()
  })

  it('`user_typing`', async () => {
    const { ada, ben, roomId } = await aGroup(world())
    await write(ada, 'setTyping', { roomId, isTyping: true }, 'room { id }')
    const told = await typingIn(ben, roomId)
    await told.hears('Ada types')
    await ada.say(roomId, 'Hello')
    await told.stop()
  })

  it('`room_created`, `room_updated`', async () => {
    const [ada, ben] = [await world().aPerson('Ada'), await world().aPerson('Ben')]
    const inbox = await anInbox(ben)
    const roomId = await ada.make(ben)
    expect(await inbox.take(1)).toEqual(['RoomAdded'])
    const listening = await ben.follow(roomId)
    await write(ada, 'updateRoom', { roomId, topic: 'New' }, 'room { topic }')
    await listening.hearsUpTo(1)
    expect(listening.heard.map(({ __typename }) => __typename)).toEqual(['RoomUpdated'])
    await listening.stop()
    await inbox.stop()
  })

  it('`error`', async () => {
    const { ben, roomId } = await aGroup(world())
    const { errors } = await ben.ask('mutation ($input: UpdateRoomInput!) { updateRoom(input: $input) { room { id } } }', {
      input: { roomId, name: '' },
    })
    expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'name' })
  })

  it('wanted there later: reactions, threads, mute', async () => {
    const { ada, ben, roomId } = await aGroup(world())
    const messageId = await ada.say(roomId, 'Lunch?')
    const reacted = await write(ben, 'addReaction', { messageId, emoji: '🍜' }, 'message { reactions { emoji count } }')
    expect(reacted.message.reactions).toEqual([{ emoji: '🍜', count: 1 }])
    const replied = await write(
      ben,
      'sendMessage',
      { roomId, content: 'At noon', threadId: messageId },
      'message { thread { replyCount } }',
    )
    expect(replied.message.thread).toEqual({ replyCount: 1 })
    const until = new Date(Date.now() + 60_000).toISOString()
    await write(ada, 'muteMember', { roomId, userId: ben.id, until }, 'member { mutedUntil }')
    expect(await attempt(ben, 'sendMessage', { roomId, content: 'Shh' }, 'message { id }')).toBe('FORBIDDEN')
  })

  it('wanted there later: search', async () => {
    const { ada, ben, roomId } = await aGroup(world())
    await ada.say(roomId, 'Lunch at noon?')
    await ada.say(roomId, 'Dinner then')
    const { searchMessages } = await read(ben, '{ searchMessages(query: "lunch") { nodes { content sender { name } } } }', {})
    expect(searchMessages.nodes).toEqual([{ content: 'Lunch at noon?', sender: { name: 'Ada' } }])
  })

  it('wanted there later: calls', async () => {
    const { ada, ben, roomId } = await aGroup(world())
    const { callId } = await startCall(ada, roomId)
    expect((await read(ben, '{ viewer { ringingCalls { id } } }', {})).viewer.ringingCalls).toEqual([{ id: callId }])
    await write(ben, 'declineCall', { callId }, 'call { state }')
    expect(await callOf(ada, callId)).toMatchObject({ state: 'ENDED', endReason: 'DECLINED' })
  })

  it('wanted there later: presence', async () => {
    const { ada, ben } = await aTeam(world())
    const device = await ada.follow(await ada.make(ben))
    await until(async () => (await statusOf(ben, ada)) === 'ONLINE')
    await write(ada, 'setPresence', { status: 'DO_NOT_DISTURB', text: 'Writing' }, 'user { id }')
    expect(await statusOf(ben, ada)).toBe('DO_NOT_DISTURB')
    await device.stop()
  })

  it('wanted there later: previews', async () => {
    const ada = await world().aPerson('Ada')
    const { previewUrl } = await takeFile(ada, await aPictureFile())
    expect((await fetch(previewUrl!)).headers.get('content-type')).toBe('image/webp')
  })
})

inEachWorld('003 · Dream Studio (rooms, calls, presence)', (world) => {
  it('auth middleware; CORS origins', async () => {
    const ada = await world().aPerson('Ada')
    await expect(openSocket(socketUrl(ada), { origin: 'https://elsewhere.example' })).rejects.toThrow('403')
    expect((await ada.ask('{ viewer { user { name } } }')).data).toEqual({ viewer: { user: { name: 'Ada' } } })
  })

  // To all who may see it.
  it('`user:online`, `user:offline` to all', async () => {
    const { ada, ben } = await aTeam(world())
    const client = ben.connect()
    const told: string[] = []
    client.subscribe<{ presence: { user: { presence: { status: string } } } }>(
      { query: 'subscription ($id: ID!) { presence(userIds: [$id]) { user { id presence { status } } } }', variables: { id: ada.id } },
      { next: ({ data }) => told.push(data!.presence.user.presence.status), error: () => {}, complete: () => {} },
    )
    await until(() => told.length === 1)
    const device = await ada.follow(await ada.make(ben))
    await until(() => told.length === 2)
    await device.stop()
    await until(() => told.length === 3, { within: 20_000 })
    expect(told).toEqual(['OFFLINE', 'ONLINE', 'OFFLINE'])
    await client.dispose()
  }, 40_000)

  it('`join_room`, `leave_room`; `member:joined`, `member:left`', async () => {
    const { ada, roomId } = await aGroup(world())
    const cid = await world().aPerson('Cid')
    const listening = await ada.follow(roomId)
    await ada.add(roomId, cid)
    await cid.remove(roomId, cid)
    await listening.hearsUpTo(4)
    expect(listening.heard.map(({ __typename }) => __typename)).toEqual(['MemberJoined', 'MessageAdded', 'MemberLeft', 'MessageAdded'])
    await listening.stop()
  })

  it('`message:send` checks membership; `message:new` with sender', async () => {
    const { ada, ben, roomId } = await aGroup(world())
    const cid = await world().aPerson('Cid')
    expect(await attempt(cid, 'sendMessage', { roomId, content: 'Let me in' }, 'message { id }')).toBe('NOT_FOUND')
    const listening = await ben.follow(roomId)
    await ada.say(roomId, 'Hello')
    await listening.hears('Hello')
    expect(listening.heard[0]?.message?.sender.id).toBe(ada.id)
    await listening.stop()
  })

  it('`message:edit`, `message:delete`, sender only, else error', async () => {
    const { ada, ben, roomId } = await aGroup(world())
    const messageId = await ada.say(roomId, 'Mine')
    expect(await attempt(ben, 'editMessage', { messageId, content: 'Yours' }, 'message { id }')).toBe('FORBIDDEN')
    expect(await attempt(ben, 'deleteMessage', { messageId }, 'message { id }')).toBe('FORBIDDEN')
    await write(ada, 'editMessage', { messageId, content: 'Still mine' }, 'message { id }')
    await write(ada, 'deleteMessage', { messageId }, 'message { id }')
  })

  it('`user:typing`, `user:stop_typing`', async () => {
    const { ada, ben, roomId } = await aGroup(world())
    const told = await typingIn(ben, roomId)
    for (const isTyping of [true, false]) await write(ada, 'setTyping', { roomId, isTyping }, 'room { id }')
    await told.hears('Ada types', 'Ada stops')
    await told.stop()
  })

  it('`call:initiated` (AUDIO, VIDEO; RINGING saved; told to the room)', async () => {
    const { ada, ben, roomId } = await aGroup(world())
    const listening = await ben.follow(roomId)
    const started = await write(ada, 'startCall', { roomId, media: 'AUDIO', deviceId: 'phone' }, 'call { id media state }')
    expect(started.call).toMatchObject({ media: 'AUDIO', state: 'RINGING' })
    await listening.hearsUpTo(1)
    expect(listening.heard[0]!.__typename).toBe('CallStarted')
    await listening.stop()
    const { room } = await read(ben, 'query ($id: ID!) { room(id: $id) { activeCall { id media state } } }', { id: roomId })
    expect(room.activeCall).toEqual(started.call)
  })

  it('`call:answered` (ONGOING; participant saved)', async () => {
    const { ada, ben, roomId } = await aGroup(world())
    const mine = await startCall(ada, roomId)
    await joinCall(ben, mine.callId)
    expect((await callOf(ada, mine.callId)).state).toBe('ONGOING')
    expect((await placesIn(ada, mine)).map(({ state }) => state)).toEqual(['JOINED', 'JOINED'])
  })

  it('`call:ended` (ENDED, time saved)', async () => {
    const { ada, ben, roomId } = await aGroup(world())
    const mine = await startCall(ada, roomId)
    await joinCall(ben, mine.callId)
    const { call } = await write(ada, 'endCall', { callId: mine.callId }, 'call { state endReason endedAt }')
    expect(call).toEqual({ state: 'ENDED', endReason: 'HUNG_UP', endedAt: expect.stringMatching(/Z$/) })
  })
  // Rates are off in these worlds: test/server/limits.test.ts spends them.
  it('rate limits per event: 30 typing a minute', async () => {
    const { ada, roomId } = await aGroup(world())
    const type = (isTyping: boolean) => attempt(ada, 'setTyping', { roomId, isTyping }, 'room { id }')
    const answers: unknown[] = []
    for (let time = 0; time < 32; time++) {
      answers.push(await type(true))
      await type(false)
    }
    expect(answers.filter((answer) => answer === 'RATE_LIMITED').length).toBeGreaterThan(0)
    expect(answers.slice(0, 30)).not.toContain('RATE_LIMITED')
  })

  it('Redis: who is online, queue, across servers', async () => {
    const { ada, ben, roomId } = await aGroup(world())
    for (const person of [ada, ben]) await person.say(roomId, 'Hello')
    // Each is asked for on the other's server; what is said on the one is heard on the other, in its order.
    const devices = [await ada.follow(roomId), await ben.follow(roomId)]
    await until(async () => (await statusOf(ben, ada)) === 'ONLINE' && (await statusOf(ada, ben)) === 'ONLINE')
    for (const content of ['One', 'Two', 'Three']) await ada.say(roomId, content)
    await devices[1]!.hears('One', 'Two', 'Three')
    expect(devices[1]!.contents).toEqual(['One', 'Two', 'Three'])
    for (const device of devices) await device.stop()
  })

  it('PORT, CORS origin, DATABASE_URL, REDIS_URL', async () => {
    const ada = await world().aPerson('Ada')
    expect((await fetch(`${ada.url}/readyz`)).status).toBe(200)
  })
})

inEachWorld('004 · Channels and direct messages', (world) => {
  it('token by auth object', async () => {
    const ada = await world().aPerson('Ada')
    const socket = await openSocket(socketUrl(ada))
    await socket.enter({ Authorization: ada.credentials.authorization })
    socket.subscribe('1', '{ viewer { user { name } } }')
    expect((await socket.messages.next()).payload.data).toEqual({ viewer: { user: { name: 'Ada' } } })
    await socket.close()
  })

  it('`join_channel`, `leave_channel`, `join_conversation`, `leave_conversation`; access checked; `joined_…`, `left_…`', async () => {
    const { ada, ben, cid, channelId } = await aChannel(world())
    const directId = await ada.open(ben)
    for (const roomId of [channelId, directId]) {
      const listening = await ben.follow(roomId)
      await ada.say(roomId, 'Hello')
      await listening.hears('Hello')
      await listening.stop()
      const client = cid.connect()
      const following = client.iterate({
        query: 'subscription ($id: ID!) { roomEvents(roomId: $id) { seq } }',
        variables: { id: roomId },
      })
      await expect(following.next()).rejects.toMatchObject([{ extensions: { code: 'NOT_FOUND' } }])
      await client.dispose()
    }
  })

  it('`send_message`, `send_direct_message` with `replyToId`', async () => {
    const { ada, ben, channelId } = await aChannel(world())
    for (const roomId of [channelId, await ada.open(ben)]) {
      const replyToId = await ada.say(roomId, 'Question')
      const { message } = await write(ben, 'sendMessage', { roomId, content: 'Answer', replyToId }, 'message { replyTo { id } }')
      expect(message.replyTo.id).toBe(replyToId)
    }
  })

  it('`send_message`, `send_direct_message` with `attachments`', async () => {
    const { ada, ben, channelId } = await aChannel(world())
    for (const roomId of [channelId, await ada.open(ben)]) {
      const attachmentIds = [(await takeFile(ada, await aPictureFile())).id]
      const { message } = await write(ada, 'sendMessage', { roomId, content: 'Look', attachmentIds }, 'message { kind attachments { id } }')
      expect(message).toEqual({ kind: 'IMAGE', attachments: [{ id: attachmentIds[0] }] })
    }
  })

  it('`edit_…`, `delete_…`, `forward_message`', async () => {
    const { ada, ben, channelId } = await aChannel(world())
    const directId = await ada.open(ben)
    const rooms = [channelId, directId]
    for (const [index, roomId] of rooms.entries()) {
      const messageId = await ada.say(roomId, 'One')
      await write(ada, 'editMessage', { messageId, content: 'Two' }, 'message { id }')
      await write(ben, 'forwardMessage', { messageId, toRoomId: rooms[1 - index] }, 'message { id }')
      await write(ada, 'deleteMessage', { messageId }, 'message { id }')
    }
    expect(await ben.readAll(directId)).toEqual(['Two', ''])
  })

  it('`add_reaction`, `remove_reaction`, and the direct ones', async () => {
    const { ada, ben, channelId } = await aChannel(world())
    for (const roomId of [channelId, await ada.open(ben)]) {
      const messageId = await ada.say(roomId, 'Nice')
      const added = await write(ben, 'addReaction', { messageId, emoji: '❤️' }, 'message { reactions { count viewerReacted } }')
      expect(added.message.reactions).toEqual([{ count: 1, viewerReacted: true }])
      const removed = await write(ben, 'removeReaction', { messageId, emoji: '❤️' }, 'message { reactions { count } }')
      expect(removed.message.reactions).toEqual([])
    }
  })

  it('`new_message`, `message_edited`, `message_deleted`, `message_forwarded`, `reaction_added`, `reaction_removed`, and the direct ones', async () => {
    const { ada, ben, channelId } = await aChannel(world())
    for (const roomId of [channelId, await ada.open(ben)]) {
      const before = Number(
        (await read(ben, 'query ($id: ID!) { room(id: $id) { lastMessage { seq } } }', { id: roomId })).room.lastMessage?.seq ?? 0,
      )
      const listening = await ben.follow(roomId)
      const messageId = await ada.say(roomId, 'One')
      await write(ada, 'editMessage', { messageId, content: 'Two' }, 'message { id }')
      await write(ben, 'addReaction', { messageId, emoji: '👍' }, 'message { id }')
      await write(ben, 'removeReaction', { messageId, emoji: '👍' }, 'message { id }')
      await write(ben, 'forwardMessage', { messageId, toRoomId: roomId }, 'message { id }')
      await write(ada, 'deleteMessage', { messageId }, 'message { id }')
      await listening.hearsUpTo(before + 6)
      expect(listening.heard.map(({ __typename }) => __typename)).toEqual([
        'MessageAdded',
        'MessageEdited',
        'ReactionAdded',
        'ReactionRemoved',
        'MessageAdded',
        'MessageDeleted',
      ])
      await listening.stop()
    }
  })

  it('message with user, replyTo, reactions', async () => {
    const { ada, ben, roomId } = await aGroup(world())
    const replyToId = await ada.say(roomId, 'First')
    await write(ben, 'sendMessage', { roomId, content: 'Second', replyToId }, 'message { id }')
    const { room } = await read(
      ada,
      'query ($id: ID!) { room(id: $id) { lastMessage { sender { name } replyTo { content } reactions { emoji } } } }',
      { id: roomId },
    )
    expect(room.lastMessage).toEqual({ sender: { name: 'Ben' }, replyTo: { content: 'First' }, reactions: [] })
  })

  it('message with attachments', async () => {
    const { ada, ben, channelId } = await aChannel(world())
    const listening = await ben.follow(channelId)
    const attachmentIds = [(await takeFile(ada, await aPictureFile())).id]
    await write(ada, 'sendMessage', { roomId: channelId, content: 'Look', attachmentIds }, 'message { id }')
    await listening.hears('Look')
    await listening.stop()
    const { room } = await read(ben, 'query ($id: ID!) { room(id: $id) { lastMessage { attachments { id width } } } }', { id: channelId })
    expect(room.lastMessage.attachments).toEqual([{ id: attachmentIds[0], width: 60 }])
  })

  it('`ping`, `pong`', async () => {
    const ada = await world().aPerson('Ada')
    const socket = await openSocket(socketUrl(ada))
    await socket.enter()
    socket.send({ type: 'ping' })
    expect(await socket.messages.next()).toEqual({ type: 'pong' })
    await socket.close()
    expect((await fetch(`${ada.url}/healthz`)).status).toBe(200)
  })

  it('`authenticated`, `error`', async () => {
    const { cid, channelId } = await aChannel(world())
    expect(await attempt(cid, 'sendMessage', { roomId: channelId, content: 'Hi' }, 'message { id }')).toBe('NOT_FOUND')
  })

  it('history by page', async () => {
    const { ada, roomId } = await aGroup(world())
    const said = ['one', 'two', 'three', 'four', 'five']
    for (const content of said) await ada.say(roomId, content)
    const seen: string[] = []
    const page =
      'query ($id: ID!, $before: String) { room(id: $id) { messages(last: 2, before: $before) { nodes { content } pageInfo { hasPreviousPage startCursor } } } }'
    for (let before: string | null = null; ; ) {
      const { messages }: { messages: { nodes: { content: string }[]; pageInfo: { hasPreviousPage: boolean; startCursor: string } } } = (
        await read(ada, page, { id: roomId, before })
      ).room
      seen.unshift(...messages.nodes.map(({ content }) => content))
      if (!messages.pageInfo.hasPreviousPage) break
      before = messages.pageInfo.startCursor
    }
    expect(seen).toEqual(said)
  })

  it('upload, then send with the reference', async () => {
    const { ada, roomId } = await aGroup(world())
    const { id, url } = await takeFile(ada, { filename: 'a.txt', mimeType: 'text/plain', bytes: Buffer.from('Words') })
    await write(ada, 'sendMessage', { roomId, content: '', attachmentIds: [id] }, 'message { id }')
    expect(await (await fetch(url!)).text()).toBe('Words')
    expect(await attempt(ada, 'sendMessage', { roomId, content: '', attachmentIds: [id] }, 'message { id }')).toBe('BAD_USER_INPUT')
  })

  it('client: reconnect, rejoin, retry failed sends', async () => {
    const { ada, ben, roomId } = await aGroup(world())
    const listening = await ben.follow(roomId)
    await ada.say(roomId, 'Before', 'first')
    await listening.hears('Before')
    listening.cut()
    // Its answer was lost, as far as the client knows: it says the same again.
    await ada.say(roomId, 'While away', 'second')
    await ada.say(roomId, 'While away', 'second')
    await listening.hears('Before', 'While away')
    expect(listening.connections).toBe(2)
    expect(await ada.readAll(roomId)).toEqual(['Before', 'While away'])
    await listening.stop()
  })

  it('stats endpoint', async () => {
    const ada = await world().aPerson('Ada')
    expect((await fetch(`${ada.url}/readyz`)).status).toBe(200)
  })

  it.todo('stats endpoint: /metrics')
})

const socketUrl = ({ url }: Person) => url.replace('http', 'ws')

/** What a mutation answers; what was refused is thrown. */
// biome-ignore lint/suspicious/noExplicitAny: what was selected, for the row to look into
async function write(person: Person, mutation: string, input: Record<string, unknown>, selection: string): Promise<any> {
  const type = `${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input`
  return orThrow(await person.ask(`mutation ($input: ${type}!) { ${mutation}(input: $input) { ${selection} } }`, { input }))[mutation]
}

/** The same, and of what was refused the code. */
async function attempt(person: Person, mutation: string, input: Record<string, unknown>, selection: string): Promise<unknown> {
  const type = `${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input`
  const { data, errors } = await person.ask(`mutation ($input: ${type}!) { ${mutation}(input: $input) { ${selection} } }`, { input })
  return errors?.[0]?.extensions.code ?? data?.[mutation]
}

// biome-ignore lint/suspicious/noExplicitAny: what was selected, for the row to look into
async function read(person: Person, query: string, variables: Record<string, unknown>): Promise<any> {
  return orThrow(await person.ask(query, variables))
}

/** Everybody's place in a call, as somebody reads it. */
async function placesIn(person: Person, { callId }: Seat): Promise<Record<'state' | 'audio' | 'video' | 'screen', unknown>[]> {
  const document = 'query ($id: ID!) { call(id: $id) { participants { state audio video screen } } }'
  return (await read(person, document, { id: callId })).call.participants
}

/** Ada and Ben, on different nodes where there are two, in a group. */
async function aGroup(world: World) {
  const [here, there = here] = world.nodes
  const [ada, ben] = [await world.aPerson('Ada', here), await world.aPerson('Ben', there)]
  return { ada, ben, roomId: await ada.make(ben) }
}

/** Ada leads the team, Ben is in it, Cid is not. */
async function aTeam(world: World) {
  const [here, there = here] = world.nodes
  const [ada, ben, cid] = [await world.aPerson('Ada', here), await world.aPerson('Ben', there), await world.aPerson('Cid', there)]
  const { team } = await write(ada, 'createTeam', { name: 'Crew' }, 'team { id }')
  await write(ada, 'addTeamMember', { teamId: team.id, userId: ben.id }, 'member { id }')
  return { ada, ben, cid, teamId: team.id as string }
}

/** And Ada and Ben are in its public channel "plans". */
async function aChannel(world: World) {
  const { ada, ben, cid, teamId } = await aTeam(world)
  const { channel } = await write(ada, 'createChannel', { teamId, name: 'plans' }, 'channel { id }')
  await write(ben, 'joinChannel', { channelId: channel.id }, 'member { id }')
  return { ada, ben, cid, teamId, channelId: channel.id as string }
}

const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString()

/** A meeting in an hour, unless said otherwise; its id. */
async function plan(person: Person, roomId: string, more: Record<string, unknown> = {}): Promise<string> {
  const input = { roomId, title: 'Plans', startsAt: inHours(1), endsAt: inHours(2), timeZone: 'Europe/Berlin', ...more }
  return (await write(person, 'scheduleMeeting', input, 'meeting { id }')).meeting.id
}

/** What somebody is shown of another. */
async function statusOf(viewer: Person, { handle }: Person): Promise<string> {
  const { user } = await read(viewer, 'query ($handle: String!) { user(handle: $handle) { presence { status } } }', { handle })
  return user.presence.status
}

/** What somebody is told of who types in a room. */
async function typingIn(person: Person, roomId: string) {
  const client = person.connect()
  const heard: string[] = []
  client.subscribe<{ typing: { user: { name: string }; isTyping: boolean } }>(
    { query: 'subscription ($roomId: ID!) { typing(roomId: $roomId) { user { name } isTyping } }', variables: { roomId } },
    {
      next: ({ data }) => heard.push(`${data!.typing.user.name} ${data!.typing.isTyping ? 'types' : 'stops'}`),
      error: () => {},
      complete: () => {},
    },
  )
  await isServed(client)
  return {
    heard,
    hears: async (...wanted: string[]) => {
      await until(() => heard.length >= wanted.length, { what: `hearing ${wanted.join(', ')}` })
      expect(heard).toEqual(wanted)
    },
    stop: async () => client.dispose(),
  }
}

/** Whose marks move in a room, from now on. */
async function readingIn(person: Person, roomId: string) {
  const client = person.connect()
  const events = client.iterate<{ roomEvents: { __typename: string; readMarks?: object[] } }>({
    query: `subscription ($roomId: ID!, $after: Cursor) { roomEvents(roomId: $roomId, after: $after) {
      __typename ... on ReadMarksMoved { readMarks { user { name } seq } } } }`,
    variables: { roomId, after: await person.cursorOf(roomId) },
  })
  return {
    async next(): Promise<object[]> {
      for (;;) {
        const { value } = await events.next()
        const readMarks = value?.data?.roomEvents.readMarks
        if (readMarks) return readMarks
      }
    },
    stop: async () => client.dispose(),
  }
}

/** Names of what comes into somebody's inbox from now on. */
async function anInbox(person: Person) {
  const { viewer } = await read(person, '{ viewer { inboxCursor } }', {})
  const client = createClient({ url: `${socketUrl(person)}/graphql`, connectionParams: person.credentials, webSocketImpl: WebSocket })
  const events = client.iterate<{ inbox: { __typename: string } }>({
    query: 'subscription ($after: Cursor) { inbox(after: $after) { __typename } }',
    variables: { after: viewer.inboxCursor },
  })
  return {
    async take(count: number): Promise<(string | undefined)[]> {
      const names: (string | undefined)[] = []
      while (names.length < count) names.push((await events.next()).value?.data?.inbox.__typename)
      return names
    },
    stop: () => client.dispose(),
  }
}
