// npm run bench upload: the memory that a node takes while 100 people put 50 MiB each at once, and then get them.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { post } from '../test/support/client.ts'
import { type Node, orThrow, type Person, signUpPeople, startNode } from './support/parley.ts'

export const about = 'the memory of a node while 100 people put and get 50 MiB each at once'

const people = 100
const bytesEach = 50 * 1024 * 1024
const piece = Buffer.alloc(64 * 1024, 'x')
const create = 'mutation ($input: CreateUploadInput!) { createUpload(input: $input) { uploadUrl headers attachment { id } } }'
const complete = 'mutation ($id: ID!) { completeUpload(input: { attachmentId: $id }) { attachment { state url } } }'

export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'parley-bench-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const node = await startNode({ DATABASE_URL: `pglite:${join(folder, 'db')}`, STORAGE_URL: `file:${join(folder, 'files')}` })
  const crowd = await signUpPeople(node, people)
  // Once before, so that what is loaded and compiled by it counts as there.
  await get(await put(node, crowd[0]!, piece.length))

  const idle = residentOf(node)
  const urls = await measured(node, idle, 'put and completed', () => Promise.all(crowd.map((person) => put(node, person, bytesEach))))
  await measured(node, idle, 'got', () => Promise.all(urls.map(get)))
  await node.child.end()
}

async function put({ url }: Node, { accessToken }: Person, size: number): Promise<string> {
  const headers = { authorization: `Bearer ${accessToken}` }
  const input = { filename: 'large.bin', mimeType: 'application/octet-stream', size }
  const { createUpload } = orThrow(await post<Created>(url, { query: create, variables: { input } }, headers))
  await send(createUpload.uploadUrl, { ...createUpload.headers, 'content-length': String(size) }, size)
  const variables = { id: createUpload.attachment.id }
  const { completeUpload } = orThrow(await post<Completed>(url, { query: complete, variables }, headers))
  if (completeUpload.attachment.state !== 'READY') throw new Error('It was not taken.')
  return completeUpload.attachment.url
}

interface Created {
  createUpload: { uploadUrl: string; headers: Record<string, string>; attachment: { id: string } }
}

interface Completed {
  completeUpload: { attachment: { state: string; url: string } }
}

async function send(url: string, headers: Record<string, string>, size: number): Promise<void> {
  function* bytes() {
    for (let sent = 0; sent < size; sent += piece.length) yield piece
  }
  const outgoing = request(url, { method: 'PUT', headers })
  const answered = new Promise<number>((resolve, reject) =>
    outgoing.once('response', (response) => resolve(response.resume().statusCode!)).once('error', reject),
  )
  await pipeline(Readable.from(bytes(), { objectMode: false }), outgoing)
  if ((await answered) !== 204) throw new Error(`The bytes were not taken: ${await answered}`)
}

async function get(url: string): Promise<void> {
  const response = await fetch(url)
  for await (const _ of response.body!);
}

/** Reads it ten times a second while the work lasts. */
async function measured<Result>(node: Node, idle: number, what: string, work: () => Promise<Result>): Promise<Result> {
  let most = 0
  const watch = setInterval(() => {
    most = Math.max(most, residentOf(node))
  }, 100)
  const start = performance.now()
  try {
    return await work()
  } finally {
    clearInterval(watch)
    const seconds = (performance.now() - start) / 1000
    const rate = (people * bytesEach) / mebi / seconds
    console.log(
      `${people} × ${bytesEach / mebi} MiB ${what} in ${seconds.toFixed(1)} s (${rate.toFixed(0)} MiB/s): ${most - idle} MiB more than the ${idle} MiB of before, at most`,
    )
  }
}

/** In MiB, without what the system keeps of files for itself. */
function residentOf({ child }: Node): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
  return Math.round(Number(/^RssAnon:\s+(\d+)/m.exec(status)![1]) / 1024)
}

const mebi = 1024 * 1024
