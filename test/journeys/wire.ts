import { WebSocket } from 'ws'
import { until } from '../support/until.ts'

/** The way between one client and its server, in the hands of a test: real requests and real sockets, which may be made to wait. */
export class Wire {
  readonly #sockets: WebSocket[] = []
  #held: Held | undefined
  #isAway = false

  /** The names of operations, as they were sent. */
  readonly overHttp: string[] = []
  readonly overSocket: string[] = []
  /** The `after` of subscriptions, as it was sent. */
  readonly followedAfter: string[] = []

  /** For the client. */
  readonly fetch = async (...[input, init]: Parameters<typeof fetch>): Promise<Response> => {
    const body = String(init?.body)
    this.overHttp.push(JSON.parse(body).operationName)
    const held = this.#held?.concerns(body) ? this.#held : undefined
    await held?.pass('request')
    const response = await globalThis.fetch(input, init)
    await held?.pass('answer')
    return response
  }

  /** For its graphql-ws. */
  readonly socket = {
    webSocketImpl: WebSocket,
    on: { opened: (socket: unknown) => void this.#sockets.push(socket as WebSocket) },
    retryWait: async () => {
      await until(() => !this.#isAway, { within: 20_000, what: 'being called back' })
    },
    // The only place where graphql-ws shows what it sends.
    jsonMessageReplacer: (key: string, value: unknown) => {
      if (key === 'operationName') this.overSocket.push(value as string)
      if (key === 'after') this.followedAfter.push(value as string)
      return value
    },
  }

  /** Requests with that text in them, and their answers, wait until they are released. */
  hold(text: string): Held {
    this.#held = new Held(text)
    return this.#held
  }

  /** What comes over the socket waits. */
  pause(): void {
    this.#sockets.at(-1)!.pause()
  }

  resume(): void {
    this.#sockets.at(-1)!.resume()
  }

  /** The connection ends without a goodbye, and the client stays away. */
  cut(): void {
    this.stayAway()
    this.#sockets.at(-1)!.terminate()
  }

  /** Whatever ends the connection, it is not opened again before `comeBack`. */
  stayAway(): void {
    this.#isAway = true
  }

  comeBack(): void {
    this.#isAway = false
  }
}

type Stop = 'request' | 'answer'

/** A request that is stopped on its way there, and its answer on the way back. */
export class Held {
  readonly #text: string
  #reached: Stop | undefined
  #released: Stop | 'lost' | undefined

  constructor(text: string) {
    this.#text = text
  }

  concerns(body: string): boolean {
    return this.#reached === undefined && body.includes(this.#text)
  }

  async pass(stop: Stop): Promise<void> {
    this.#reached = stop
    await until(() => this.#released === stop || this.#released === 'answer' || this.#released === 'lost', {
      what: `letting it pass: ${stop}`,
    })
    if (stop === 'answer' && this.#released === 'lost') throw new TypeError('fetch failed')
  }

  async waitsAt(stop: Stop): Promise<void> {
    await until(() => this.#reached === stop, { what: `a waiting ${stop}` })
  }

  /** Lets the request pass, or the answer too. */
  release(upTo: Stop): void {
    this.#released = upTo
  }

  /** The answer will not come. */
  lose(): void {
    this.#released = 'lost'
  }
}
