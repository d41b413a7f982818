import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createConnection } from 'node:net'
import { createInterface } from 'node:readline'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Postgres, startPostgres } from './postgres.ts'
import { startRedis } from './redis.ts'
import { describeWith } from './services.ts'

describeWith(['postgres'], 'a Postgres for tests', () => {
  let postgres: Postgres
  beforeAll(async () => {
    postgres = await startPostgres()
  })
  afterAll(() => postgres.stop())

  it('keeps what was acknowledged when all of its processes are killed, and cuts its connections', async () => {
    const url = await postgres.createDatabase()
    const client = await connect(url)
    const cut = once(client, 'error')
    await client.query('CREATE TABLE fact (id int)')
    await client.query('INSERT INTO fact VALUES (1)')
    await postgres.kill()
    await cut
    await postgres.start()
    const again = await connect(url)
    expect((await again.query('SELECT * FROM fact')).rows).toEqual([{ id: 1 }])
    await again.end()
  })

  it('gives every caller an empty database', async () => {
    const urls = await Promise.all([postgres.createDatabase(), postgres.createDatabase()])
    expect(urls[0]).not.toBe(urls[1])
  })
})

describeWith(['redis'], 'a Redis for tests', () => {
  it('does not outlive the process that started it, even if that is killed', async () => {
    const script = `import { startRedis } from '${new URL('redis.ts', import.meta.url)}'; console.log((await startRedis()).url); setInterval(() => {}, 1000)`
    const owner = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [url] = await once(createInterface(owner.stdout), 'line')
    const port = Number(new URL(url).port)
    expect(await accepts(port)).toBe(true)
    owner.kill('SIGKILL')
    await expect.poll(() => accepts(port)).toBe(false)
  })

  it('starts again on its port', async () => {
    const redis = await startRedis()
    const port = Number(new URL(redis.url).port)
    await redis.kill()
    expect(await accepts(port)).toBe(false)
    await redis.start()
    expect(await accepts(port)).toBe(true)
    await redis.stop()
    expect(await accepts(port)).toBe(false)
  })
})

async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1', () => resolve(true))
    socket.once('connect', () => socket.destroy()).once('error', () => resolve(false))
  })
}
