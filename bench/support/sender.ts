import { print } from 'graphql'
import { WebSocket } from 'ws'
import { SendDocument } from '../../test/support/generated/documents.ts'

/** A socket that sends messages, as many at once as it is asked to. */
export interface Sender {
  /** Resolves when it is acknowledged. */
  say(roomId: string, content: string): Promise<void>
  close(): void
}

export async function openSender(socketUrl: string, accessToken: string): Promise<Sender> {
  const ws = new WebSocket(socketUrl, 'graphql-transport-ws')
  const waiting = new Map<string, { resolve(): void; reject(reason: Error): void }>()
  let count = 0
  await new Promise<void>((resolve, reject) => {
    ws.once('open', () => ws.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${accessToken}` } })))
    ws.once('message', () => resolve())
    ws.once('error', reject)
  })
  ws.on('message', (data) => {
    const { type, id, payload } = JSON.parse(String(data))
    const asked = waiting.get(id)
    if (type === 'complete' || !asked) return
    waiting.delete(id)
    if (type === 'next' && !payload.errors) asked.resolve()
    else asked.reject(new Error(JSON.stringify(payload)))
  })
  ws.on('close', (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`The socket was closed with ${code}.`))
  })
  return {
    say(roomId, content) {
      const id = String(++count)
      const variables = { input: { roomId, content, nonce: crypto.randomUUID() } }
      ws.send(JSON.stringify({ type: 'subscribe', id, payload: { query: sendDocument, variables } }))
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject })
      })
    },
    close: () => ws.terminate(),
  }
}

const sendDocument = print(SendDocument)
