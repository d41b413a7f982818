import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openSocket, post } from './support/client.ts'
import { until } from './support/until.ts'

const folder = mkdtempSync(join(tmpdir(), 'parley-main-'))
const started: Started[] = []
afterAll(async () => {
  for (const { process } of started) process.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

interface Started {
  readonly process: ChildProcess
  readonly output: () => string
  readonly complaint: () => string
  /** Resolves with the URL that it prints. */
  readonly url: Promise<string>
  readonly exit: Promise<number | null>
}

/** The program, as an operator starts it. */
function start(env: Record<string, string>): Started {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/main.ts'], {
    env: { PATH: process.env.PATH, PORT: '0', DATABASE_URL: `pglite:${join(folder, 'db')}`, PASSWORD_COST: '10', DRAIN_MS: '100', ...env },
  })
  let output = ''
  let complaint = ''
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve))
  const url = new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (data) => {
      output += data
      const found = /Parley listens on (\S+)\n/.exec(output)
      if (found) resolve(found[1]!.replace('localhost', '127.0.0.1'))
    })
    void exit.then(() => reject(new Error(complaint)))
  })
  url.catch(() => {})
  child.stderr.on('data', (data) => {
    complaint += data
  })
  const it = { process: child, output: () => output, complaint: () => complaint, url, exit }
  started.push(it)
  return it
}

describe('the program', () => {
  it('says where it listens and what it chose, ends cleanly on a signal, and finds its data again', async () => {
    const first = start({})
    const url = await first.url
    await expect.poll(first.output).toMatch(/GraphiQL {2}http.*\/graphql\n {2}database {2}embedded.*\n {2}bus/)
    const query = 'mutation { signUp(input: { handle: "ada", name: "Ada", password: "correct horse battery" }) { accessToken } }'
    const { data } = await post<{ signUp: { accessToken: string } }>(url, { query })
    const authorization = `Bearer ${data!.signUp.accessToken}`

    const second = start({})
    expect(await second.exit).toBe(1)
    expect(second.complaint()).toMatch(/^The database in .* is in use by process \d+\..*\n$/)
    const third = start({ PORT: new URL(url).port, DATABASE_URL: 'pglite:memory' })
    expect(await third.exit).toBe(1)
    expect(third.complaint()).toMatch(/^Port \d+ of .* is in use: .*\n$/)

    const socket = await openSocket(url.replace('http', 'ws'))
    await socket.enter({ authorization })
    first.process.kill('SIGTERM')
    expect(await socket.closed).toMatchObject({ code: 1012 })
    expect(await first.exit).toBe(0)

    const again = start({})
    const found = await post(await again.url, { query: '{ viewer { user { handle } } }' }, { authorization })
    expect(found.data).toEqual({ viewer: { user: { handle: 'ada' } } })
    again.process.kill('SIGINT')
    expect(await again.exit).toBe(0)
  }, 90_000)

  it('ends at once on the second signal', async () => {
    const stubborn = start({ DATABASE_URL: 'pglite:memory', DRAIN_MS: '60000' })
    const url = (await stubborn.url).replace('http', 'ws')
    const sockets = [await openSocket(url), await openSocket(url)]
    stubborn.process.kill('SIGTERM')
    await sockets[0]!.closed
    expect(stubborn.output()).toContain('Once more ends it at once.')
    // Signals of one moment are one: it is asked until it listens.
    await until(() => {
      stubborn.process.kill('SIGTERM')
      return stubborn.process.exitCode !== null
    })
    expect(await stubborn.exit).toBe(1)
  }, 30_000)

  it('refuses what cannot work in one line', async () => {
    for (const [env, line] of [
      [{ PORT: 'many' }, /^PORT=many: .*\n$/],
      [{ REDIS_URL: 'redis://127.0.0.1:1' }, /^REDIS_URL is for several nodes.*\n$/],
      [{ DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' }, /^The database cannot be reached: .*\n$/],
    ] as const) {
      const refused = start(env)
      expect(await refused.exit).toBe(1)
      expect(refused.complaint()).toMatch(line)
      expect(refused.output()).toBe('')
    }
  }, 60_000)
})
