import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { type Livekit, startLivekit } from '../support/livekit.ts'
import { type AUser, type Parley, startParley } from '../support/parley.ts'
import { until } from '../support/until.ts'
import { orThrow } from './person.ts'

let livekit: Livekit
let parley: Parley
const start = () => startParley({ ...livekit.env, SFU_ABOVE: '1', CALL_TICK_MS: '50', SFU_LOOK_MS: '200' })
beforeAll(async () => {
  livekit = await startLivekit()
})
beforeEach(async () => {
  parley = await start()
})
afterEach(() => parley.close())
afterAll(() => livekit.stop())

interface Joined {
  readonly call: { readonly id: string; readonly transport: string }
  readonly participant: { readonly id: string }
  readonly sfu: { readonly url: string; readonly token: string }
}

async function write<Payload>(by: AUser, mutation: string, input: Record<string, unknown>, parts = '__typename'): Promise<Payload> {
  const type = `${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input`
  const answer = await by.post<{ done: Payload }>(`mutation ($input: ${type}!) { done: ${mutation}(input: $input) { ${parts} } }`, {
    input,
  })
  return orThrow(answer).done
}

const parts = 'call { id transport } participant { id } sfu { url token }'

/** Two who are in the media of a call. */
async function aCall() {
  const [ada, ben] = [await parley.aUser('Ada'), await parley.aUser('Ben')]
  const roomId = await parley.aRoom(ada, [ben])
  const mine = await write<Joined>(ada, 'startCall', { roomId, media: 'VIDEO', deviceId: 'desk' }, parts)
  const theirs = await write<Joined>(ben, 'joinCall', { callId: mine.call.id, deviceId: 'phone' }, parts)
  for (const { sfu } of [mine, theirs]) await livekit.connect(sfu.token)
  return { ada, ben, roomId, mine, theirs, present: () => livekit.presentIn(mine.call.id) }
}

it('who is removed from the room is out of the media of its call, also when the device comes back with what LiveKit gave it', async () => {
  const { ada, ben, roomId, mine, theirs, present } = await aCall()
  expect(mine.call.transport).toBe('SFU')
  expect(mine.sfu.url).toBe(livekit.url)
  const refreshed = await livekit.connect(theirs.sfu.token)
  await write(ada, 'removeRoomMember', { roomId, userId: ben.id })
  await until(() => !present().includes(theirs.participant.id))
  await livekit.connect(refreshed)
  await until(() => !present().includes(theirs.participant.id))
  expect(present()).toEqual([mine.participant.id])
})

it('a node that stops while LiveKit is away leaves the rest to the next one', async () => {
  const { ada, mine, theirs, present } = await aCall()
  livekit.isDown = true
  await write(ada, 'endCall', { callId: mine.call.id })
  await until(() => parley.logged.some((line) => /LiveKit at .* answered \w+ with 503/.test(line)))
  await parley.close()
  expect(present()).toEqual([mine.participant.id, theirs.participant.id])
  livekit.isDown = false
  const { logged } = parley
  parley = await start()
  await until(() => present().length === 0)
  for (const line of [...logged, ...parley.logged]) {
    expect(line).not.toContain(livekit.env.LIVEKIT_API_SECRET)
    expect(line).not.toContain('eyJ')
  }
})
