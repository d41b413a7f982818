import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { RoomServiceClient, TokenVerifier } from 'livekit-server-sdk'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createLivekit } from '../../../src/features/calls/livekit.ts'
import { type Asked, type Livekit, livekitOptions, startLivekit } from '../../support/livekit.ts'

let livekit: Livekit
beforeAll(async () => {
  livekit = await startLivekit()
})
afterAll(() => livekit.stop())
beforeEach(() => {
  livekit.asked.length = 0
})

const ours = (more: Partial<Parameters<typeof createLivekit>[0]> = {}) => createLivekit({ ...livekitOptions(livekit), ...more })
const ann = { callId: 'call', participantId: 'ann' }
const verify = (token: string, key = livekit.env.LIVEKIT_API_KEY, secret = livekit.env.LIVEKIT_API_SECRET) =>
  new TokenVerifier(key, secret).verify(token, 0)

describe('a grant', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('is a token that LiveKit takes: for one participant, in one room, to send and receive, and nothing else', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-11-21T12:00:00.400Z') })
    const { url, token, expiresAt } = await ours().grant(ann)
    expect(url).toBe(livekit.url)
    expect(expiresAt).toEqual(new Date('2026-11-21T12:01:00Z'))
    expect(await verify(token)).toEqual({
      iss: 'key',
      sub: 'ann',
      nbf: Date.parse('2026-11-21T12:00:00Z') / 1000,
      exp: Date.parse('2026-11-21T12:01:00Z') / 1000,
      video: { roomJoin: true, room: 'call', canPublish: true, canSubscribe: true, canPublishData: true },
    })
  })

  it('lets in until it lapses, and not longer', async () => {
    const start = Date.parse('2026-11-21T12:00:00Z')
    vi.useFakeTimers({ toFake: ['Date'], now: start })
    const { token } = await ours().grant(ann)
    vi.setSystemTime(start + 59_000)
    await livekit.connect(token)
    expect(livekit.presentIn('call')).toEqual(['ann'])
    vi.setSystemTime(start + 60_000)
    await expect(livekit.connect(token)).rejects.toThrow('"exp"')
  })

  it('is worth nothing with another key or another secret, or changed', async () => {
    const { token } = await ours().grant(ann)
    await expect(verify(token, 'another')).rejects.toThrow('"iss"')
    await expect(verify(token, 'key', 'another secret')).rejects.toThrow('signature')
    const [head, , signature] = token.split('.')
    const forged = { ...(await verify(token)), video: { roomJoin: true, room: 'another' } }
    await expect(verify([head, Buffer.from(JSON.stringify(forged)).toString('base64url'), signature].join('.'))).rejects.toThrow(
      'signature',
    )
  })

  it('gives no right over the room: neither to put others out nor to close it', async () => {
    const { token } = await ours().grant(ann)
    const client = new RoomServiceClient(livekit.url, undefined, undefined, { token })
    await expect(client.removeParticipant('call', 'ben')).rejects.toThrow('permissions denied')
    await expect(client.listParticipants('call')).rejects.toThrow('permissions denied')
    await expect(client.deleteRoom('call')).rejects.toThrow('permissions denied')
  })
})

describe('asking it', () => {
  it("is what LiveKit's own client asks, by the same right", async () => {
    const { LIVEKIT_API_KEY: key, LIVEKIT_API_SECRET: secret } = livekit.env
    const theirs = new RoomServiceClient(livekit.url, key, secret)
    const byBoth = async (ask: () => Promise<unknown>, askTheirs: () => Promise<unknown>): Promise<[Asked[], Asked[]]> => {
      await livekit.connect((await ours().grant(ann)).token)
      await ask()
      const first = livekit.asked.splice(0)
      await livekit.connect((await ours().grant(ann)).token)
      await askTheirs()
      return [first, livekit.asked.splice(0)]
    }
    for (const [asked, askedByThem] of [
      await byBoth(
        async () => expect(await ours().present('call')).toEqual(['ann']),
        async () => expect((await theirs.listParticipants('call')).map(({ identity }) => identity)).toEqual(['ann']),
      ),
      await byBoth(
        () => ours().remove(ann),
        () => theirs.removeParticipant('call', 'ann'),
      ),
      await byBoth(
        () => ours().close('call'),
        () => theirs.deleteRoom('call'),
      ),
    ]) {
      expect(asked).toHaveLength(1)
      expect(asked).toEqual(askedByThem)
    }
  })

  it('puts out whom it names, and closes what it names; what is not there is no trouble', async () => {
    const sfu = ours()
    for (const place of [ann, { ...ann, participantId: 'ben' }, { ...ann, callId: 'other' }])
      await livekit.connect((await sfu.grant(place)).token)
    await sfu.remove(ann)
    await sfu.remove(ann)
    expect(await sfu.present('call')).toEqual(['ben'])
    expect(await sfu.close('call')).toBe(true)
    expect(await sfu.close('call')).toBe(false)
    await sfu.remove(ann)
    expect(await sfu.present('call')).toEqual([])
    expect(livekit.presentIn('other')).toEqual(['ann'])
  })

  it('rejects when LiveKit refuses or is away, and gives away neither secret nor token', async () => {
    const failureOf = async (sfu: ReturnType<typeof ours>) => {
      const errors = [await sfu.close('call').catch(String), await sfu.remove(ann).catch(String), await sfu.present('call').catch(String)]
      return errors.map((error) => String(error))
    }
    const host = new URL(livekit.url).host
    const all = ['DeleteRoom', 'RemoveParticipant', 'ListParticipants']
    expect(await failureOf(ours({ apiSecret: 'another secret' }))).toEqual(
      all.map((method) => `Error: LiveKit at ${host} answered ${method} with 401 unauthenticated.`),
    )
    livekit.isDown = true
    expect(await failureOf(ours())).toEqual(
      all.map((method) => `Error: LiveKit at ${host} answered ${method} with 503 and no code of its own.`),
    )
    livekit.isDown = false
    expect(await failureOf(ours({ url: 'ws://127.0.0.1:1' }))).toEqual(
      all.map((method) => `Error: LiveKit at 127.0.0.1:1 did not answer ${method}: fetch failed`),
    )
  })

  it('takes no web page that says 404 for word that nobody is there, and waits for no answer for ever', async () => {
    const server = createServer((request, response) => {
      if (request.url!.endsWith('/DeleteRoom')) response.writeHead(404).end('<h1>Not found</h1>')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const sfu = ours({ url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, answerMs: 50 })
    await expect(sfu.close('call')).rejects.toThrow('404')
    await expect(sfu.present('call')).rejects.toThrow('timeout')
    server.closeAllConnections()
    server.close()
  })
})
