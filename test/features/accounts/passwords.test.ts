import { scryptSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createPasswords } from '../../../src/features/accounts/passwords.ts'

const passwords = createPasswords({ cost: 10 })

describe('a password', () => {
  it('is right, and no other is', async () => {
    const hash = await passwords.hash('correct horse')
    expect(await passwords.isRight('correct horse', hash)).toBe(true)
    expect(await passwords.isRight('Correct horse', hash)).toBe(false)
    expect(await passwords.isRight('', hash)).toBe(false)
  })

  it('is kept as scrypt of its costs and a salt of its own', async () => {
    const hashes = await Promise.all([passwords.hash('same'), passwords.hash('same')])
    expect(hashes[0]).not.toBe(hashes[1])
    const [, name, costs, salt, key] = hashes[0]!.split('$')
    expect([name, costs]).toEqual(['scrypt', 'ln=10,r=8,p=3'])
    const bytes = Buffer.from(key!, 'base64')
    expect(scryptSync('same', Buffer.from(salt!, 'base64'), bytes.length, { N: 1024, r: 8, p: 3 })).toEqual(bytes)
  })

  it('is the same on a keyboard that composes its accents', async () => {
    expect(await passwords.isRight('cafe\u0301 noir', await passwords.hash('caf\u00e9 noir'))).toBe(true)
  })

  it('is right also when it was kept at other costs, and outdated only at lower ones', async () => {
    const dearer = createPasswords({ cost: 11 })
    const cheap = await passwords.hash('correct horse')
    const dear = await dearer.hash('correct horse')
    expect(await dearer.isRight('correct horse', cheap)).toBe(true)
    expect(await passwords.isRight('correct horse', dear)).toBe(true)
    expect([dearer.isOutdated(cheap), dearer.isOutdated(dear), passwords.isOutdated(dear)]).toEqual([true, false, false])
  })

  it('is never right without a hash, or with something that is none', async () => {
    for (const hash of [undefined, '', 'plain', '$scrypt$ln=10,r=8,p=3$$']) expect(await passwords.isRight('plain', hash)).toBe(false)
  })

  it('waits its turn in a short queue, and is told to come back when that is full', async () => {
    const busy = createPasswords({ cost: 10, mostWaiting: 2 })
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => busy.hash('x')))
    const refused = outcomes.filter(({ status }) => status === 'rejected')
    // Three at once, two waiting.
    expect(refused).toHaveLength(3)
    expect(refused[0]).toMatchObject({ reason: { code: 'RATE_LIMITED' } })
    await busy.hash('x')
  })
})
