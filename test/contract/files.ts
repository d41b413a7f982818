import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { expect, it } from 'vitest'
import { uuid } from '../../src/lib/uuid.ts'
import { type FileName, type Files, NoSuchFile, WrongSize } from '../../src/store/files.ts'

export const incoming = (): FileName => `incoming/${uuid()}`
export const kept = (): FileName => `kept/${uuid()}`

/** In pieces, as they come from a client. */
export async function* pieces(...texts: readonly (string | Buffer)[]): AsyncIterable<Uint8Array> {
  for (const text of texts) yield typeof text === 'string' ? Buffer.from(text) : text
}

export async function textOf(files: Files, name: FileName, range?: { first: number; last: number }): Promise<string> {
  return (await buffer(await files.read(name, range))).toString()
}

async function namesIn(files: Files, folder: 'incoming' | 'kept'): Promise<FileName[]> {
  const names: FileName[] = []
  for await (const { name } of files.list(folder)) names.push(name)
  return names
}

/** What each implementation of Files promises. */
export function filesContract(open: () => Promise<Files>): void {
  it('keeps what is written, whole, and tells its size', async () => {
    const files = await open()
    const name = kept()
    expect(await files.sizeOf(name)).toBeUndefined()
    await files.write(name, pieces('Hello, ', 'you'), 10)
    expect(await files.sizeOf(name)).toBe(10)
    expect(await textOf(files, name)).toBe('Hello, you')
  })

  it('reads from one byte to another, both included', async () => {
    const files = await open()
    const name = kept()
    await files.write(name, pieces('0123456789'), 10)
    expect(await textOf(files, name, { first: 3, last: 5 })).toBe('345')
    expect(await textOf(files, name, { first: 9, last: 9 })).toBe('9')
  })

  it('leaves nothing when more or fewer bytes come than were announced, and what was there before stays', async () => {
    const files = await open()
    const name = incoming()
    await expect(files.write(name, pieces('too ', 'short'), 10)).rejects.toThrow(WrongSize)
    await expect(files.write(name, pieces('far too ', 'long'), 10)).rejects.toThrow(WrongSize)
    expect(await files.sizeOf(name)).toBeUndefined()
    await files.write(name, pieces('just right'), 10)
    await expect(files.write(name, pieces('short'), 10)).rejects.toThrow(WrongSize)
    expect(await textOf(files, name)).toBe('just right')
  })

  it('leaves nothing when the bytes break off, and passes on why', async () => {
    const files = await open()
    const name = incoming()
    async function* breaking(): AsyncIterable<Uint8Array> {
      yield Buffer.from('half')
      throw new Error('the client is gone')
    }
    await expect(files.write(name, breaking(), 8)).rejects.toThrow('the client is gone')
    expect(await files.sizeOf(name)).toBeUndefined()
    expect(await namesIn(files, 'incoming')).not.toContain(name)
  })

  it('shows nothing of a file before it is whole', async () => {
    const files = await open()
    const name = incoming()
    const seen: (number | undefined)[] = []
    async function* watched(): AsyncIterable<Uint8Array> {
      yield Buffer.from('half')
      seen.push(await files.sizeOf(name))
      yield Buffer.from('half')
      seen.push(await files.sizeOf(name))
    }
    await files.write(name, watched(), 8)
    expect(seen).toEqual([undefined, undefined])
    expect(await files.sizeOf(name)).toBe(8)
  })

  it('of two who write under one name at once, shows the bytes of one', async () => {
    const files = await open()
    const name = incoming()
    await Promise.all(['a', 'b', 'c'].map((letter) => files.write(name, pieces(letter.repeat(4), letter.repeat(4)), 8)))
    expect(['aaaaaaaa', 'bbbbbbbb', 'cccccccc']).toContain(await textOf(files, name))
  })

  it('gives bytes a second name, which keeps them whatever is written under the first', async () => {
    const files = await open()
    const [from, to] = [incoming(), kept()]
    await files.write(from, pieces('looked at'), 9)
    await files.adopt(from, to)
    await files.write(from, pieces('something else'), 14)
    expect(await textOf(files, to)).toBe('looked at')
    await files.remove([from])
    expect(await textOf(files, to)).toBe('looked at')
  })

  it('lends the bytes as a file of this machine, to the end of the work, even if they are removed meanwhile', async () => {
    const files = await open()
    const name = kept()
    await files.write(name, pieces('Hello'), 5)
    let lent = ''
    const result = await files.use(name, async (path) => {
      lent = path
      await files.remove([name])
      return (await readFile(path)).toString()
    })
    expect(result).toBe('Hello')
    await expect(readFile(lent)).rejects.toThrow('ENOENT')
  })

  it('says of what is not there that it is not', async () => {
    const files = await open()
    await expect(files.read(kept())).rejects.toThrow(NoSuchFile)
    await expect(files.adopt(incoming(), kept())).rejects.toThrow(NoSuchFile)
    await expect(files.use(kept(), async () => {})).rejects.toThrow(NoSuchFile)
  })

  it('removes, also what is not there', async () => {
    const files = await open()
    const [one, other] = [kept(), kept()]
    await files.write(one, pieces('one'), 3)
    await files.write(other, pieces('other'), 5)
    await files.remove([one, kept(), one])
    expect(await files.sizeOf(one)).toBeUndefined()
    expect(await textOf(files, other)).toBe('other')
    await files.remove([])
  })

  it('lists what is in a folder, and when it came', async () => {
    const files = await open()
    const [came, stays] = [incoming(), kept()]
    const preview: FileName = `${stays}.preview`
    for (const name of [came, stays, preview]) await files.write(name, pieces('x'), 1)
    expect(await namesIn(files, 'incoming')).toContain(came)
    const found = await namesIn(files, 'kept')
    expect(found).toEqual(expect.arrayContaining([stays, preview]))
    expect(found).not.toContain(came)
    for await (const { changedAt } of files.list('kept')) expect(Math.abs(changedAt.getTime() - Date.now())).toBeLessThan(60_000)
  })

  it('takes no other names than those that are made for it', async () => {
    const files = await open()
    const tricks = ['kept/../../etc/passwd', 'kept/', `other/${uuid()}`, `kept/${uuid()}/../x`, `kept/${uuid()}.PREVIEW`, `/${kept()}`]
    for (const name of tricks as FileName[]) {
      await expect(files.write(name, pieces('x'), 1)).rejects.toThrow('not the name')
      await expect(files.read(name)).rejects.toThrow('not the name')
      await expect(files.sizeOf(name)).rejects.toThrow('not the name')
      await expect(files.remove([name])).rejects.toThrow('not the name')
      await expect(files.adopt(name, kept())).rejects.toThrow('not the name')
    }
  })
}
