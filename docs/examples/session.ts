import { type Client, type ClientOptions, createClient } from 'graphql-ws'

/** What signIn, signUp and refreshSession answer. */
export interface Tokens {
  readonly accessToken: string
  readonly accessTokenExpiresAt: string
  readonly refreshToken: string
}

/** One device: who is signed in on it, over HTTP and over its socket. */
export interface Session {
  readonly url: string
  /** After signing in; without tokens it is nobody's. */
  keep(tokens?: Tokens): void
  /** fetch with credentials, which are refreshed a minute before they expire, by the device's clock. */
  readonly fetch: typeof globalThis.fetch
  /** With the same credentials. It connects with the first subscription, and comes back as often as it takes. */
  readonly sockets: Client
}

export interface SessionOptions {
  /** http://localhost:4000/graphql */
  readonly url: string
  readonly fetch?: typeof globalThis.fetch
  /** What else graphql-ws shall know: `webSocketImpl`, say, which Node needs before 22. */
  readonly socket?: Partial<ClientOptions>
}

export function createSession({ url, fetch = globalThis.fetch, socket }: SessionOptions): Session {
  let tokens: Tokens | undefined
  let refreshing: Promise<void> | undefined

  async function credentials(): Promise<Record<string, string>> {
    if (tokens && Date.parse(tokens.accessTokenExpiresAt) - Date.now() < 60_000) {
      refreshing ??= refresh(tokens).finally(() => {
        refreshing = undefined
      })
      // Without an answer the old ones are tried, and the next request asks again.
      await refreshing.catch(() => {})
    }
    return tokens ? { authorization: `Bearer ${tokens.accessToken}` } : {}
  }

  async function refresh(last: Tokens): Promise<void> {
    const query = `mutation ($input: RefreshSessionInput!) {
      refreshSession(input: $input) { accessToken accessTokenExpiresAt refreshToken }
    }`
    const body = JSON.stringify({ query, variables: { input: { refreshToken: last.refreshToken } } })
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    const { data, errors } = await response.json()
    // Somebody signed in or out meanwhile.
    if (tokens !== last) return
    if (data) tokens = data.refreshSession
    if (errors?.[0].extensions.code === 'UNAUTHENTICATED') tokens = undefined
  }

  return {
    url,
    keep(next) {
      tokens = next
    },
    async fetch(input, init) {
      return fetch(input, { ...init, headers: { ...Object.fromEntries(new Headers(init?.headers)), ...(await credentials()) } })
    },
    sockets: createClient({
      url: url.replace(/^http/, 'ws'),
      connectionParams: credentials,
      // Stock clients give up after five attempts, and at once when the connection is refused, as by a server that is just restarting.
      retryAttempts: Number.POSITIVE_INFINITY,
      shouldRetry: () => true,
      // And they wait twice as long each time, without an end.
      retryWait: (attempts) => new Promise((resolve) => setTimeout(resolve, Math.min(500 * 2 ** attempts, 15_000) * (1 + Math.random()))),
      ...socket,
    }),
  }
}
