import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { aDomain } from '../support/domain.ts'
import { aParley, type Parley, startParley } from '../support/parley.ts'
import { freePort } from '../support/program.ts'
import { until } from '../support/until.ts'
import { aPerson, inTurns, orThrow, type Person, password } from './person.ts'
import { contentsOf, type Room, readAnew, type Shown, shownOf } from './shown.ts'
import { Wire } from './wire.ts'

/** A client with a normalised cache, set up as docs/clients.md says. */
export interface Device {
  signIn(input: { handle: string; password: string }): Promise<void>
  /** Reads the room, watches what the cache has of it, and follows it. */
  open(roomId: string): Promise<View>
  /** Forgets what the cache has. */
  startOver(): unknown
  close(): unknown
}

export interface View {
  /** All that was shown; the last is shown now. */
  readonly states: readonly Room[]
  /** The code of what ended the following. */
  readonly ended: Promise<unknown>
  older(): Promise<void>
  /** Fails when it was refused or not answered. */
  send(content: string, nonce?: string): Promise<void>
  react(messageId: string, emoji: string): Promise<void>
}

/** The journey of whoever shows a room from a cache, in some chapters. The client does what docs/clients.md says, and nothing else. */
export function travelWith(client: string, openDevice: (url: string, wire: Wire) => Device): void {
  describe(client, { timeout: 60_000 }, () => {
    const devices: Device[] = []
    const views: View[] = []
    const complaints = [vi.spyOn(console, 'warn'), vi.spyOn(console, 'error')]
    let port: string
    let node: Parley

    beforeAll(async () => {
      port = String(await freePort())
      node = await startParley({ PORT: port })
    })

    afterEach(async () => {
      for (const device of devices.splice(0)) await device.close()
      for (const room of views.splice(0).flatMap(({ states }) => states)) {
        const contents = contentsOf(room)
        expect(contents, 'something is shown twice').toEqual([...new Set(contents)])
        const seqs = room.messages.edges.map(({ node }) => node.seq)
        expect(seqs, 'something is shown in another place').toEqual(seqs.toSorted((one, other) => one - other))
      }
      // A cache that was not told what it has to know says so there.
      const complained = complaints.flatMap(({ mock }) => mock.calls)
      vi.clearAllMocks()
      expect(complained).toEqual([])
    })

    afterAll(async () => {
      for (const complaint of complaints) complaint.mockRestore()
      await node.close()
    })

    /** Ben has made a room for Ada and himself, and said so many things in it. Ada has it open on her device. */
    async function stage(count: number) {
      const [ada, ben] = await Promise.all([aPerson(node, 'Ada'), aPerson(node, 'Ben')])
      const roomId = await ben.make(ada)
      await inTurns(count, (number) => ben.say(roomId, `Message ${number}`))
      const said = await ben.readAll(roomId)
      const wire = new Wire()
      const device = openDevice(`${node.url}/graphql`, wire)
      devices.push(device)
      await device.signIn({ handle: ada.handle, password })
      const view = await device.open(roomId)
      views.push(view)
      await until(() => wire.overSocket.length === 1)
      const now = () => shownOf(view.states.at(-1)!)
      const shown = () => now().messages.map(({ content }) => content)
      const shows = (look: (room: Shown) => unknown, expected: unknown) => eventually(() => look(now())).toEqual(expected)
      return { ada, ben, roomId, said, wire, device, view, now, shown, shows }
    }

    it('signs in, and pages upwards to what was said first', async () => {
      const { said, view, shown, wire } = await stage(45)
      expect(shown()).toEqual(said.slice(-20))
      await view.older()
      await eventually(shown).toEqual(said.slice(-40))
      await view.older()
      await eventually(shown).toEqual(said)
      expect(view.states.at(-1)!.messages.pageInfo.hasPreviousPage).toBe(false)
      expect(wire.overHttp).toEqual(['SignIn', 'Me', 'Room', 'OlderMessages', 'OlderMessages'])
      expect(wire.overSocket).toEqual(['FollowRoom'])
    })

    it('shows what is sent at once, and once, though its event comes before its answer', async () => {
      const { ben, roomId, said, wire, view, now, shown } = await stage(3)
      const held = wire.hold('sendMessage')
      const sending = view.send('Hello')
      await held.waitsAt('request')
      await eventually(shown).toEqual([...said, 'Hello'])
      await ben.say(roomId, 'Meanwhile')
      await eventually(shown).toEqual([...said, 'Meanwhile', 'Hello'])
      expect(await ben.readAll(roomId)).toEqual([...said, 'Meanwhile'])

      held.release('request')
      await held.waitsAt('answer')
      const { id } = (await readAnew(ben, roomId)).messages.at(-1)!
      await eventually(() => now().messages.at(-1)!.id).toBe(id)
      expect(shown()).toEqual([...said, 'Meanwhile', 'Hello'])
      held.release('answer')
      await sending
      expect(shown()).toEqual([...said, 'Meanwhile', 'Hello'])
      await ben.say(roomId, 'Hello Ada')
      await eventually(shown).toEqual([...said, 'Meanwhile', 'Hello', 'Hello Ada'])
      // Once there, it is there.
      const first = view.states.findIndex((room) => contentsOf(room).includes('Hello'))
      expect(view.states.slice(first).every((room) => contentsOf(room).includes('Hello'))).toBe(true)
    })

    it('shows what was sent in its place, though its answer comes before events of what was said earlier', async () => {
      const { ben, roomId, said, wire, view, shown } = await stage(3)
      wire.pause()
      await ben.say(roomId, 'First')
      await view.send('Second')
      await eventually(shown).toEqual([...said, 'Second'])
      wire.resume()
      await eventually(shown).toEqual([...said, 'First', 'Second'])
    })

    it('sends again what was not answered, and it is said once', async () => {
      const { ben, roomId, said, wire, view, shown } = await stage(3)
      const held = wire.hold('sendMessage')
      const sending = view.send('Hello', 'a nonce')
      held.release('request')
      await held.waitsAt('answer')
      held.lose()
      await expect(sending).rejects.toThrow('fetch failed')
      await eventually(shown).toEqual([...said, 'Hello'])
      await view.send('Hello', 'a nonce')
      expect(shown()).toEqual([...said, 'Hello'])
      expect(await ben.readAll(roomId)).toEqual(shown())
    })

    it('takes back what was refused', async () => {
      const { said, view, shown } = await stage(3)
      await expect(view.send(' ')).rejects.toThrow('must not be empty')
      expect(view.states.map(contentsOf)).toContainEqual([...said, ' '])
      await eventually(shown).toEqual(said)
    })

    it('sees edits, deletions, reactions, threads, roles, members and names change without any code', async () => {
      const { ada, ben, roomId, said, view, now, shows } = await stage(3)
      const carl = await aPerson(node, 'Carl')
      const [first, second, third] = (await readAnew(ada, roomId)).messages.map(({ id }) => id) as [string, string, string]

      await act(ben, 'editMessage', { messageId: first, content: 'Edited' })
      await shows(({ messages }) => messages.map(({ content }) => content), ['Edited', said[1], said[2]])
      await act(ben, 'deleteMessage', { messageId: second })
      await shows(
        ({ messages }) => messages.map(({ content, deletedAt }) => [content, deletedAt !== null]),
        [
          ['Edited', false],
          ['', true],
          [said[2], false],
        ],
      )

      const reactions = ({ messages }: Shown) =>
        messages[2]!.reactions.map(({ emoji, count, viewerReacted }) => ({ emoji, count, viewerReacted }))
      await act(ben, 'addReaction', { messageId: third, emoji: '👍' })
      await shows(reactions, [{ emoji: '👍', count: 1, viewerReacted: false }])
      await view.react(third, '🎉')
      await view.react(third, '👍')
      const both = [
        { emoji: '👍', count: 2, viewerReacted: true },
        { emoji: '🎉', count: 1, viewerReacted: true },
      ]
      await shows(reactions, both)
      await act(ben, 'removeReaction', { messageId: third, emoji: '👍' })
      await shows(reactions, [both[1], { ...both[0], count: 1 }])
      await act(ada, 'removeReaction', { messageId: third, emoji: '👍' })
      await shows(reactions, [both[1]])
      await act(ada, 'removeReaction', { messageId: third, emoji: '🎉' })
      await shows(reactions, [])

      // A reply hangs under its message, and does not stand in the list.
      await act(ben, 'sendMessage', { roomId, content: 'A reply', threadId: first })
      await shows(({ messages }) => messages.map(({ thread }) => thread?.replyCount ?? 0), [1, 0, 0])
      await act(ben, 'sendMessage', { roomId, content: 'Another reply', threadId: first })
      await shows(({ messages }) => messages.map(({ thread }) => thread?.replyCount ?? 0), [2, 0, 0])

      // Those with whom it began came at once, so in any order.
      const members = (room: Shown) => room.members.map(({ role, user }) => `${user.name} ${role}`).sort()
      await act(ben, 'setRoomRole', { roomId, userId: ada.id, role: 'ADMIN' })
      await shows(members, ['Ada ADMIN', 'Ben ADMIN'])
      await ben.add(roomId, carl)
      await shows(members, ['Ada ADMIN', 'Ben ADMIN', 'Carl MEMBER'])
      await ben.remove(roomId, carl)
      await shows(members, ['Ada ADMIN', 'Ben ADMIN'])
      await act(ben, 'updateRoom', { roomId, name: 'Best friends', topic: 'Cake' })
      await shows(({ name, topic }) => [name, topic], ['Best friends', 'Cake'])

      expect(now()).toEqual(await readAnew(ada, roomId))
    })

    it('comes back from a cut connection where it was, and shows what a fresh read shows', async () => {
      const { ada, ben, roomId, wire, view, now } = await stage(25)
      await view.older()
      const cursors = [await ada.cursorOf(roomId)]
      await ben.say(roomId, 'So far')
      await eventually(() => now().messages.length).toBe(26)
      cursors.push(await ada.cursorOf(roomId))
      wire.cut()
      await aBusyHour(ben, ada, roomId)
      wire.comeBack()
      const fresh = await readAnew(ada, roomId)
      await eventually(now).toEqual(fresh)
      expect(wire.followedAfter).toEqual(cursors)
      await ben.say(roomId, 'Welcome back')
      await eventually(() => now().messages.at(-1)!.content).toBe('Welcome back')
    })

    it('comes back to a server that was restarted, and shows what a fresh read shows', async () => {
      const { ada, ben, roomId, wire, view, now } = await stage(25)
      await view.older()
      const cursors = [await ada.cursorOf(roomId)]
      await ben.say(roomId, 'So far')
      await eventually(() => now().messages.length).toBe(26)
      cursors.push(await ada.cursorOf(roomId))
      wire.stayAway()
      await node.close()
      const elsewhere = await aParley()
      await aBusyHour(ben.on(elsewhere), ada.on(elsewhere), roomId)
      node = await startParley({ PORT: port })
      wire.comeBack()
      const fresh = await readAnew(ada, roomId)
      await eventually(now).toEqual(fresh)
      expect(wire.followedAfter).toEqual(cursors)
      await view.send('Here I am')
      await eventually(() => now().messages.at(-1)!.content).toBe('Here I am')
    })

    it('starts over when it was away for longer than events are kept', async () => {
      const { ada, ben, roomId, wire, device, view } = await stage(3)
      wire.stayAway()
      await node.close()
      const elsewhere = await aParley()
      await ben.on(elsewhere).say(roomId, 'While away')
      await forgetEvents(roomId)
      node = await startParley({ PORT: port })
      wire.comeBack()
      expect(await view.ended).toBe('CURSOR_EXPIRED')
      await device.startOver()
      const another = await device.open(roomId)
      views.push(another)
      expect(shownOf(another.states.at(-1)!)).toEqual(await readAnew(ada, roomId))
      await ben.say(roomId, 'Welcome back')
      await eventually(() => contentsOf(another.states.at(-1)!).at(-1)).toBe('Welcome back')
    })

    it('hears that it is over, and why', async () => {
      const { ada, ben, roomId, view } = await stage(1)
      await ben.remove(roomId, ada)
      expect(await view.ended).toBe('NOT_FOUND')
    })
  })
}

/** More than a page of it, of every kind. */
async function aBusyHour(ben: Person, ada: Person, roomId: string): Promise<void> {
  const ids = (await readAnew(ada, roomId)).messages.map(({ id }) => id)
  for (let number = 0; number < 24; number++) await (number % 3 === 0 ? ada : ben).say(roomId, `While away ${number}`)
  await act(ben, 'editMessage', { messageId: ids[0], content: 'Edited while away' })
  await act(ben, 'deleteMessage', { messageId: ids[3] })
  for (const emoji of ['👍', '🎉']) await act(ben, 'addReaction', { messageId: ids[20], emoji })
  await act(ada, 'addReaction', { messageId: ids[20], emoji: '🎉' })
  await act(ben, 'removeReaction', { messageId: ids[20], emoji: '👍' })
  await act(ben, 'sendMessage', { roomId, content: 'A reply', threadId: ids[0] })
  await act(ben, 'setRoomRole', { roomId, userId: ada.id, role: 'ADMIN' })
  await act(ben, 'updateRoom', { roomId, name: 'Best friends' })
}

/** As the sweep does after LOG_DAYS. */
async function forgetEvents(roomId: string): Promise<void> {
  const { database } = await aDomain()
  await database.prisma.event.deleteMany({ where: { streamId: Buffer.from(roomId, 'base64url').toString().split(':')[1]! } })
}

/** A mutation of that name. */
async function act(person: Person, name: string, input: Record<string, unknown>): Promise<void> {
  const type = `${name[0]!.toUpperCase()}${name.slice(1)}Input`
  orThrow(await person.ask(`mutation ($input: ${type}!) { ${name}(input: $input) { __typename } }`, { input }))
}

/** Also on a machine that is busy. */
function eventually<Value>(look: () => Value) {
  return expect.poll(look, { timeout: 10_000, interval: 10 })
}
