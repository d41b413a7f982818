import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openSocket, post } from '../support/client.ts'
import { freePort } from '../support/program.ts'
import { until } from '../support/until.ts'
import { inTurns, isDense, orThrow, type Person, password, personOn } from './person.ts'

const home = mkdtempSync(join(tmpdir(), 'parley-start-'))
const folder = join(home, 'db')
const started: ChildProcess[] = []
afterAll(async () => {
  for (const child of started) child.kill('SIGKILL')
  await rm(home, { recursive: true, force: true })
})

interface Program {
  readonly child: ChildProcess
  readonly output: () => string
  readonly complaint: () => string
  /** Resolves with its URL once it listens; rejects with its complaint when it ends instead. */
  readonly url: Promise<string>
  /** Its exit code, or the signal that killed it. */
  readonly ended: Promise<number | string | null>
}

/** What `npm start` starts. */
function start(env: Record<string, string>): Program {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/main.ts'], {
    env: { PATH: process.env.PATH, PORT: '0', PASSWORD_COST: '10', LIMITS: 'off', DRAIN_MS: '100', ...env },
  })
  started.push(child)
  let output = ''
  let complaint = ''
  child.stderr.on('data', (data) => {
    complaint += data
  })
  const ended = new Promise<number | string | null>((resolve) => child.once('close', (code, signal) => resolve(signal ?? code)))
  const url = new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (data) => {
      output += data
      const found = /^Parley listens on (\S+)\n/.exec(output)
      if (found) resolve(found[1]!.replace('localhost', '127.0.0.1'))
    })
    void ended.then(() => reject(new Error(complaint)))
  })
  url.catch(() => {})
  return { child, output: () => output, complaint: () => complaint, url, ended }
}

async function someone(url: string, handle: string): Promise<Person> {
  const query = `mutation ($input: SignUpInput!) { signUp(input: $input) { accessToken refreshToken viewer { user { id } } } }`
  const { signUp } = orThrow(
    await post<{ signUp: { accessToken: string; refreshToken: string; viewer: { user: { id: string } } } }>(url, {
      query,
      variables: { input: { handle, name: handle, password } },
    }),
  )
  const credentials = { authorization: `Bearer ${signUp.accessToken}` }
  const asks: Person['ask'] = (document, variables) => post(url, { query: document, ...(variables && { variables }) }, credentials)
  return personOn({ url }, { ...signUp, id: signUp.viewer.user.id, handle, credentials, post: asks })
}

describe('the program on its embedded database', () => {
  it('is killed while people talk, starts again on the same folder, and nothing that was acknowledged is lost', async () => {
    const env = { DATABASE_URL: `pglite:${folder}`, PORT: String(await freePort()) }
    const first = start(env)
    const url = await first.url
    await until(() => /GraphiQL {2}http.*\/graphql\n {2}database {2}embedded.*\n {2}bus/.test(first.output()))
    await until(() => first.output().includes('  calls     peer to peer (LIVEKIT_URL'))
    const ada = await someone(url, 'ada')
    const ben = await someone(url, 'ben')
    const roomId = await ada.make(ben)
    const listening = await ben.follow(roomId)
    const acknowledged: string[] = []
    const talking = inTurns(4, async (who) => {
      for (let number = 0; ; number++) {
        const content = `${who}: ${number}`
        // The first that is not answered was cut off by the kill.
        const id = await ada.say(roomId, content).catch(() => undefined)
        if (id === undefined) return
        acknowledged.push(content)
      }
    })
    await until(() => acknowledged.length > 80)
    first.child.kill('SIGKILL')
    expect(await first.ended).toBe('SIGKILL')
    await talking
    expect(existsSync(`${folder}.lock`)).toBe(true)

    const second = start(env)
    expect(await second.url).toBe(url)
    const told = await ada.readAll(roomId)
    expect(told).toEqual(expect.arrayContaining(acknowledged))
    await ada.say(roomId, 'We are back')
    await listening.hears('We are back')
    expect(isDense(listening.heard)).toBe(true)
    expect(listening.contents).toEqual([...told, 'We are back'])

    const intruder = start({ ...env, PORT: '0' })
    expect(await intruder.ended).toBe(1)
    expect(intruder.complaint()).toMatch(/^The database in .* is in use by process \d+\..*\n$/)
    expect(intruder.output()).toBe('')

    const neighbour = start({ ...env, DATABASE_URL: 'pglite:memory' })
    expect(await neighbour.ended).toBe(1)
    expect(neighbour.complaint()).toMatch(/^Port \d+ of .* is in use: .*\n$/)

    const socket = await openSocket(url.replace('http', 'ws'))
    await socket.enter(ada.credentials)
    second.child.kill('SIGINT')
    expect(await socket.closed).toMatchObject({ code: 1012 })
    await until(() => listening.closeCodes.includes(1012))
    expect(await second.ended).toBe(0)
    expect(second.complaint()).toBe('')
    expect(existsSync(`${folder}.lock`)).toBe(false)
    await listening.stop()
  }, 90_000)

  it('ends with 0 on SIGTERM while people are connected, and they are told that it restarts', async () => {
    const livekit = { LIVEKIT_URL: 'wss://sfu.example.org', LIVEKIT_API_KEY: 'key of ours', LIVEKIT_API_SECRET: 'secret of ours' }
    const program = start({ DATABASE_URL: 'pglite:memory', ...livekit })
    const url = await program.url
    const chosen = '  calls     through LiveKit at sfu.example.org (LIVEKIT_URL): those in rooms of more than 4 members (SFU_ABOVE)\n'
    await until(() => program.output().includes(chosen))
    expect(program.output()).not.toContain('of ours')
    const ada = await someone(url, 'ada')
    const sockets = await Promise.all([1, 2, 3].map(() => openSocket(url.replace('http', 'ws'))))
    for (const socket of sockets) await socket.enter(ada.credentials)
    program.child.kill('SIGTERM')
    for (const socket of sockets) expect(await socket.closed).toMatchObject({ code: 1012 })
    expect(await program.ended).toBe(0)
    expect(program.complaint()).toBe('')
  }, 60_000)

  it('ends at once on the second signal', async () => {
    const stubborn = start({ DATABASE_URL: 'pglite:memory', DRAIN_MS: '60000' })
    const url = (await stubborn.url).replace('http', 'ws')
    const sockets = [await openSocket(url), await openSocket(url)]
    stubborn.child.kill('SIGTERM')
    await sockets[0]!.closed
    expect(stubborn.output()).toContain('Once more ends it at once.')
    // Signals of one moment are one: it is asked until it listens.
    await until(() => {
      stubborn.child.kill('SIGTERM')
      return stubborn.child.exitCode !== null
    })
    expect(await stubborn.ended).toBe(1)
  }, 60_000)

  it.each<[string, Record<string, string>, RegExp]>([
    ['limits off for the whole world', { HOST: '0.0.0.0' }, /^LIMITS=off is for benches: .*\n$/],
    ['a database of another kind', { DATABASE_URL: 'mysql://localhost/parley' }, /^DATABASE_URL=mysql.*set postgres:.*\n$/],
    ['a port that is none', { PORT: 'many' }, /^PORT=many: .*\n$/],
    ['Redis beside an embedded database', { REDIS_URL: 'redis://127.0.0.1:1' }, /^REDIS_URL is for several nodes.*\n$/],
    ['a database that is not there', { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' }, /^The database cannot be reached: .*\n$/],
    [
      'a bucket that is not there, without the keys to it',
      { STORAGE_URL: 's3://files?endpoint=http://127.0.0.1:1', AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' },
      /^STORAGE_URL: the bucket files at http:\/\/127.0.0.1:1 cannot be reached: (?!.*secret).*\n$/,
    ],
    ['half an SFU', { LIVEKIT_URL: 'wss://sfu.example.org' }, /^LIVEKIT_URL, .* go together: set LIVEKIT_API_KEY and .*\n$/],
    ['a key that is none, without telling it', { SIGNING_KEY: 'secret' }, /^SIGNING_KEY: (?!.*secret).*\n$/],
  ])(
    'refuses %s in one line that says what to set',
    async (_name, env, line) => {
      const refused = start({ DATABASE_URL: 'pglite:memory', ...env })
      expect(await refused.ended).toBe(1)
      expect(refused.complaint()).toMatch(line)
      expect(refused.output()).toBe('')
    },
    30_000,
  )
})
