import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createMemoryBus } from '../../src/engine/bus-memory.ts'
import { post } from '../support/client.ts'
import { type AUser, aParley, type Parley, startParley } from '../support/parley.ts'

const hello = '{ viewer { user { handle } } }'

let parley: Parley
let ada: AUser
beforeAll(async () => {
  parley = await aParley()
  ada = await parley.aUser('Ada')
})

describe('credentials of a request', () => {
  it('say who asks; without any it is nobody', async () => {
    expect((await ada.post(hello)).data).toEqual({ viewer: { user: { handle: ada.handle } } })
    expect((await post(parley.url, { query: hello })).data).toEqual({ viewer: null })
  })

  it('are refused with 401 when they are bad, and when their session has ended', async () => {
    const bad = await post(parley.url, { query: hello }, { authorization: 'Bearer nonsense' })
    expect(bad).toMatchObject({ status: 401, errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] })
    const bob = await parley.aUser()
    await bob.post('mutation { signOut { endedSessions } }')
    expect(await bob.post(hello)).toMatchObject({ status: 401, errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] })
  })
})

describe('a request', () => {
  it('that a page of another site could send without being asked is refused', async () => {
    const body = JSON.stringify({ query: hello })
    const simple: RequestInit[] = [
      { method: 'POST', body, headers: { 'content-type': 'text/plain' } },
      { method: 'POST', body: new URLSearchParams({ query: hello }) },
      { method: 'POST', body: 'query={viewer{id}}', headers: { 'content-type': 'multipart/form-data; boundary=x' } },
      { method: 'GET' },
    ]
    for (const init of simple) {
      const url = `${parley.url}/graphql${init.method === 'GET' ? `?query=${encodeURIComponent(hello)}` : ''}`
      const response = await fetch(url, init)
      expect(response.status).toBe(403)
      expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] })
    }
    const onPurpose = await fetch(`${parley.url}/graphql?query=${encodeURIComponent(hello)}`, { headers: { 'x-requested-with': 'test' } })
    expect(await onPurpose.json()).toEqual({ data: { viewer: null } })
  })

  it('may be as long as is allowed, and is refused with 413 when it is longer, told or not', async () => {
    const long = (bytes: number) => JSON.stringify({ query: `${hello} #${'x'.repeat(bytes)}` })
    const send = (body: RequestInit['body']) =>
      fetch(`${parley.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
        duplex: 'half',
      } as RequestInit)
    const stream = (text: string) => new Blob([text]).stream()
    for (const body of [long(1000_000), stream(long(1000_000))]) expect((await send(body)).status).toBe(200)
    for (const body of [long(1100_000), stream(long(1100_000))]) {
      const response = await send(body)
      expect(response.status).toBe(413)
      expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'PAYLOAD_TOO_LARGE' } }] })
    }
  })

  it('that is no GraphQL is bad input', async () => {
    const send = (body: string) => fetch(`${parley.url}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    for (const body of [
      '',
      '{',
      'null',
      '7',
      '{}',
      '{"query":7}',
      '[{"query":"{viewer{id}}"}]',
      '{"query":"{viewer{id}}","variables":7}',
    ]) {
      const response = await send(body)
      const { errors } = (await response.json()) as { errors: { extensions: { code: string } }[] }
      expect(errors.map(({ extensions }) => extensions)).toEqual([{ code: 'BAD_USER_INPUT' }])
    }
  })

  it('may not change anything by GET', async () => {
    const query = encodeURIComponent('mutation { signOut { endedSessions } }')
    const response = await fetch(`${parley.url}/graphql?query=${query}`, { headers: ada.credentials })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('POST')
    expect((await ada.post(hello)).status).toBe(200)
  })

  it('shows nothing of what is inside, whatever its headers are', async () => {
    const { port } = new URL(parley.url)
    const answer = await new Promise<string>((resolve, reject) => {
      const request = httpRequest({ port, path: '/graphql', method: 'POST', headers: { host: '[', 'content-type': 'application/json' } })
      request.on('error', reject).on('response', async (response) => {
        let text = String(response.statusCode)
        for await (const chunk of response) text += chunk
        resolve(text)
      })
      request.end(JSON.stringify({ query: hello }))
    })
    expect(answer).not.toContain('node_modules')
  })
})

describe('pages of other sites', () => {
  it('may ask if they are configured, and only those', async () => {
    const own = await startParley({ CORS_ORIGINS: 'https://chat.example.org,https://other.example.org' })
    const ask = (origin: string, method: string) =>
      fetch(`${own.url}/graphql`, {
        method,
        headers: { origin, 'content-type': 'application/json', 'access-control-request-headers': 'content-type,authorization' },
        ...(method === 'POST' && { body: JSON.stringify({ query: hello }) }),
      })
    for (const method of ['OPTIONS', 'POST']) {
      const response = await ask('https://chat.example.org', method)
      expect(response.headers.get('access-control-allow-origin')).toBe('https://chat.example.org')
      expect(response.headers.get('access-control-allow-headers')).toContain('authorization')
      expect((await ask('https://evil.example.org', method)).headers.get('access-control-allow-origin')).toBeNull()
    }
    await own.close()
  })
})

describe('beside GraphQL', () => {
  it('/ leads to GraphiQL, which needs nothing from elsewhere', async () => {
    const page = await fetch(parley.url, { headers: { accept: 'text/html' } })
    expect(page.url).toBe(`${parley.url}/graphql`)
    expect(page.headers.get('content-type')).toContain('text/html')
    const html = await page.text()
    expect(html).toContain('Welcome to Parley')
    expect(html).not.toMatch(/<(script|link)[^>]+(src|href)="https?:/)
  })

  it('/healthz and /readyz are up, the public keys are public, all else is 404', async () => {
    expect((await fetch(`${parley.url}/healthz`)).status).toBe(200)
    const ready = await fetch(`${parley.url}/readyz`)
    expect([ready.status, await ready.json()]).toEqual([200, { database: 'up', bus: 'up', server: 'up' }])
    const { keys } = (await (await fetch(`${parley.url}/.well-known/jwks.json`)).json()) as { keys: Record<string, string>[] }
    expect(keys[0]).toMatchObject({ kty: 'OKP', crv: 'Ed25519' })
    expect(keys[0]).not.toHaveProperty('d')
    const nowhere = await fetch(`${parley.url}/nowhere`)
    expect([nowhere.status, nowhere.headers.get('content-type')]).toEqual([404, 'application/json; charset=utf-8'])
  })

  it('/readyz names the part that does not answer', async () => {
    const bus = { ...createMemoryBus(() => {}), ping: () => Promise.reject(new Error('gone')) }
    const own = await startParley({}, { bus })
    const ready = await fetch(`${own.url}/readyz`)
    expect([ready.status, await ready.json()]).toEqual([503, { database: 'up', bus: 'down', server: 'up' }])
    await own.close()
  })
})

describe('what was not foreseen', () => {
  let broken: Parley
  beforeAll(async () => {
    broken = await startParley({ DATABASE_URL: 'pglite:memory' })
    // The ground is taken away: the database is closed under a running server.
    await broken.app.services.database.close()
  })
  afterAll(() => broken.close().catch(() => {}))

  it('is masked, and told to the operator once, with the id that the client got', async () => {
    const input = { handle: 'nobody', password: 'correct horse battery' }
    const query = 'mutation ($input: SignInInput!) { signIn(input: $input) { accessToken } }'
    const { errors } = await post(broken.url, { query, variables: { input } })
    expect(errors).toMatchObject([{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }])
    const id = /\(id ([0-9a-f-]+)\)/.exec(errors![0]!.message)![1]!
    const lines = broken.logged.filter((line) => line.includes(id))
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0]!)).toMatchObject({ level: 'error', id, error: { stack: expect.stringContaining('closed') } })
    expect(lines[0]).not.toContain('correct horse')
  })
})
