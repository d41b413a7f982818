import { expect, it } from 'vitest'
import { openSocket } from '../support/client.ts'
import { aDomain } from '../support/domain.ts'
import { holdDatabase, isOfATick } from '../support/held-database.ts'
import { startParley } from '../support/parley.ts'
import { until } from '../support/until.ts'

const people = 10
const each = 200
const document = `subscription { inbox { __typename
  ... on UnreadChanged { unreadCount room { name unreadCount lastMessage { content sender { name } } } } } }`

it(`${people * each} subscriptions to inboxes on one node are told in a few statements, and leave nothing behind`, async () => {
  const database = holdDatabase((await aDomain()).database)
  const parley = await startParley({ LINGER_MS: '0' }, { database })
  const { app } = parley
  const { unread } = app.services
  const ann = await parley.aUser('Ann')
  const friends = await Promise.all(Array.from({ length: people }, () => parley.aUser()))
  const rooms = await Promise.all(Array.from({ length: 20 }, () => parley.aRoom(ann, friends)))
  const sockets = await Promise.all(
    friends.map(async ({ credentials }) => {
      const socket = await openSocket(parley.socketUrl)
      socket.ws.on('error', () => {})
      await socket.enter(credentials)
      for (let number = 0; number < each; number++) socket.subscribe(`${number}`, document)
      return socket
    }),
  )
  await until(() => unread.readers === people * each, { within: 30_000, what: 'following all inboxes' })
  expect([unread.people, unread.rooms, app.hub.watched, app.live.groups]).toEqual([people, rooms.length, rooms.length, people])

  database.statements.length = 0
  await parley.say(ann, rooms[0]!, 'Hello')
  for (const { messages } of sockets)
    for (const { payload } of await messages.take(each))
      expect(payload.data.inbox).toMatchObject({ unreadCount: 1, room: { unreadCount: 1, lastMessage: { content: 'Hello' } } })
  // The send, and what is counted; besides, a reader that could not be told within a second is asked whether it still may.
  const run = database.statements.map(({ text }) => text).filter((text) => !isOfATick(text) && !text.startsWith('select 1 from app_user'))
  expect(run.length, run.join('\n')).toBeLessThanOrEqual(3 + 5)

  // In the middle of being told.
  await parley.say(ann, rooms[1]!, 'Bye')
  for (const { ws } of sockets) ws.terminate()
  await until(() => unread.readers === 0, { what: 'noticing that everybody is gone' })
  expect([unread.people, unread.rooms, app.hub.watched]).toEqual([0, 0, 0])
  await until(() => app.hub.size === 0, { what: 'letting go of every stream' })
  expect(parley.logged.filter((line) => line.includes('Something'))).toEqual([])
  await parley.close()
}, 60_000)
