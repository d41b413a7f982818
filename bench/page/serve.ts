import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { bearerOf, type Page, readNewestPage } from './rows.ts'

/** Serves `GET /?room=ID&last=COUNT`, with the text that is made of a page. */
export function serve(write: (answer: { data: Page }) => string): void {
  const server = createServer(async (request, response) => {
    const personId = bearerOf(request.headers.authorization)
    if (personId === undefined) return void response.writeHead(401).end()
    const asked = new URLSearchParams(request.url!.slice('/?'.length))
    const data = await readNewestPage(asked.get('room')!, personId, Number(asked.get('last')))
    const body = write({ data })
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(body) }).end(body)
  })
  server.listen(0, '127.0.0.1', () => console.log(`listens on http://127.0.0.1:${(server.address() as AddressInfo).port}`))
}
