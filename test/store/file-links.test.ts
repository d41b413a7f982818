import { describe, expect, it } from 'vitest'
import { createServerLinks, makeLinkSecret } from '../../src/store/file-links.ts'
import { incoming, kept } from '../contract/files.ts'

const secret = makeLinkSecret()
const base = () => 'https://chat.example.org'
const links = createServerLinks({ secret, base })
const soon = () => new Date(Date.now() + 60_000)
const aPut = () => ({ name: incoming(), size: 5, mimeType: 'text/plain', expiresAt: soon() })
const aGet = () => ({ name: kept(), mimeType: 'text/plain', disposition: 'inline; filename="x"', expiresAt: soon() })
const tokenOf = (url: string) => url.split('/').at(-1)!

describe('links to this server', () => {
  it('say what they allow, to every node with the same key', async () => {
    const put = aPut()
    const { url, headers } = await links.toPut(put)
    expect(url).toMatch(/^https:\/\/chat\.example\.org\/uploads\//)
    expect(headers).toEqual({ 'content-type': 'text/plain' })
    expect(createServerLinks({ secret, base }).readPut(tokenOf(url))).toEqual(put)
    const get = aGet()
    expect(links.readGet(tokenOf(await links.toGet(get)))).toEqual(get)
  })

  it('are good for one thing each', async () => {
    expect(links.readGet(tokenOf((await links.toPut(aPut())).url))).toBeUndefined()
    expect(links.readPut(tokenOf(await links.toGet(aGet())))).toBeUndefined()
  })

  it('lapse', async () => {
    const { url } = await links.toPut({ ...aPut(), expiresAt: new Date(Date.now() - 1) })
    expect(links.readPut(tokenOf(url))).toBeUndefined()
  })

  it('are worth nothing with another byte, another key, or none', async () => {
    const token = tokenOf(await links.toGet(aGet()))
    const [claims, signature] = token.split('.') as [string, string]
    const stretched = Buffer.from(JSON.stringify({ ...JSON.parse(String(Buffer.from(claims, 'base64url'))), expiresAt: 9e15 }))
    const forged = [
      `${stretched.toString('base64url')}.${signature}`,
      `${claims}.${signature.slice(1)}`,
      `${claims}.`,
      // The same bytes, as somebody else would write them.
      `${token}.${signature}`,
      `${token}=`,
      `${claims}.${signature.slice(0, 9)} ${signature.slice(9)}`,
      claims,
      '',
      '.',
      'x'.repeat(10_000),
    ]
    for (const one of forged) expect(links.readGet(one), one.slice(0, 80)).toBeUndefined()
    expect(createServerLinks({ secret: makeLinkSecret(), base }).readGet(token)).toBeUndefined()
    expect(links.readGet(token)).toBeDefined()
  })

  it('need a key that nobody guesses', () => {
    expect(() => createServerLinks({ secret: 'c2hvcnQ', base })).toThrow('too short')
  })
})
