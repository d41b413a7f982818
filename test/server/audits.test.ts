import { serverAudits } from 'graphql-http'
import { describe, it } from 'vitest'
import { aParley } from '../support/parley.ts'

describe('GraphQL over HTTP, as its specification audits it', () => {
  // The header says that no page of another site sends this: without it such requests are refused.
  const fetchFn = (url: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers)
    headers.set('x-requested-with', 'audits')
    return fetch(url, { ...init, headers })
  }
  const url = async () => `${(await aParley()).url}/graphql`
  for (const audit of serverAudits({ url, fetchFn }))
    it(`${audit.id} ${audit.name}`, async () => {
      const result = await audit.fn()
      if (result.status !== 'ok') throw new Error(`${result.status}: ${result.reason}`)
    })
})
