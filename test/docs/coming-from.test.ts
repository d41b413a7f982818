import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { type Chat, createChat } from '../../docs/examples/chat.ts'
import { createSession, type Session } from '../../docs/examples/session.ts'
import { type AUser, type Parley, startParley } from '../support/parley.ts'
import { until } from '../support/until.ts'

describe('docs/coming-from-socket-io.md', () => {
  const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')
  const rowsOf = (text: string) =>
    [...text.matchAll(/^\| (.*?) +\|/gm)].map(([, there]) => there!).filter((there) => there !== 'there' && !/^-+$/.test(there))

  it('has a row for each of the seeds, and says which are to come', () => {
    const [served, toCome] = read('../../docs/coming-from-socket-io.md').split('### To come')
    const seeds = read('../journeys/seeds.test.ts')
    const names = (call: string) => [...seeds.matchAll(new RegExp(`^ *${call}\\(\\s*'(.*?)',?\\)?`, 'gm'))].map(([, name]) => name!)
    const others = [...seeds.matchAll(/^onTwoNodes\('.*?: (.*?)'/gm)].map(([, name]) => name!)
    // The test inside such a place says what it does, not what it is called there.
    const tested = [...names('it').filter((name) => name !== 'what is said on one is heard on the other'), ...others]
    expect(new Set(rowsOf(served!))).toEqual(new Set(tested))
    expect(new Set(rowsOf(toCome!))).toEqual(new Set(names('it\\.todo')))
  })
})

describe('chat.ts', () => {
  let node: Parley
  const sessions: Session[] = []
  beforeAll(async () => {
    node = await startParley()
  })
  afterAll(async () => {
    for (const { sockets } of sessions) await sockets.dispose()
    await node.close()
  })

  async function aChat(name: string): Promise<{ user: AUser; chat: Chat; session: Session }> {
    const user = await node.aUser(name)
    const session = createSession({ url: `${node.url}/graphql`, socket: { webSocketImpl: WebSocket, retryWait: () => Promise.resolve() } })
    sessions.push(session)
    const { accessToken, refreshToken } = user
    session.keep({ accessToken, refreshToken, accessTokenExpiresAt: new Date(Date.now() + 600_000).toISOString() })
    return { user, chat: createChat(session), session }
  }

  it('says, hears, types, reads, and sees who is there', async () => {
    const [ada, ben] = [await aChat('Ada'), await aChat('Ben')]
    const roomId = await node.aRoom(ada.user, [ben.user])
    const heard: string[] = []
    const typing: string[] = []
    const there: string[] = []
    const leave = await ben.chat.on(
      roomId,
      { MessageAdded: ({ message }) => heard.push(`${message!.sender.name}: ${message!.content}`) },
      (reason) => heard.push(String(reason)),
    )
    const stops = [
      ben.chat.onTyping(roomId, (name, isTyping) => typing.push(`${name} ${isTyping}`)),
      ben.chat.onPresence([ada.user.id], (userId, status) => there.push(`${userId === ada.user.id} ${status}`)),
    ]
    await until(() => there.length > 0)
    await ada.chat.type(roomId, true)
    await until(() => typing.includes('Ada true'))
    const { id } = await ada.chat.say(roomId, 'Hello', 'once')
    expect((await ada.chat.say(roomId, 'Hello', 'once')).id).toBe(id)
    await until(() => typing.includes('Ada false') && heard.length > 0)
    expect(await ben.chat.read(roomId, id)).toMatchObject({ unreadCount: 0 })
    await ben.chat.say(roomId, 'Hello you')
    // Both have spoken there now.
    await until(() => heard.length === 2)
    expect(heard).toEqual(['Ada: Hello', 'Ben: Hello you'])
    leave()
    for (const stop of stops) stop()
    await expect(ada.chat.say('nothing', 'Hello')).rejects.toMatchObject({ extensions: { code: 'BAD_USER_INPUT' } })
  })

  it('hears what was said while it was away, once', async () => {
    const [ada, ben] = [await aChat('Ada'), await aChat('Ben')]
    const roomId = await node.aRoom(ada.user, [ben.user])
    const heard: string[] = []
    let socket: WebSocket | undefined
    ben.session.sockets.on('connected', (opened) => {
      socket = opened as WebSocket
    })
    const leave = await ben.chat.on(roomId, { MessageAdded: ({ message }) => heard.push(message!.content) }, () => {})
    for (const content of ['one', 'two', 'three']) {
      await ada.chat.say(roomId, content)
      socket?.terminate()
    }
    await until(() => heard.length === 3)
    expect(heard).toEqual(['one', 'two', 'three'])
    leave()
  })
})
