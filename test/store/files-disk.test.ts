import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createServerLinks, makeLinkSecret } from '../../src/store/file-links.ts'
import { openDiskFiles } from '../../src/store/files-disk.ts'
import { filesContract, incoming, kept, pieces, textOf } from '../contract/files.ts'

const root = mkdtempSync(join(tmpdir(), 'parley-files-'))
afterAll(() => rmSync(root, { recursive: true }))

const links = createServerLinks({ secret: makeLinkSecret(), base: () => 'https://chat.example.org' })
const open = () => openDiskFiles(root, links)
const partial = () => readdirSync(join(root, 'partial'))

describe('files on disk', () => {
  filesContract(open)

  it('leave nothing half-written behind', () => {
    expect(partial()).toEqual([])
  })

  it('find what another process has written', async () => {
    const name = kept()
    await (await open()).write(name, pieces('Hello'), 5)
    expect(await textOf(await open(), name)).toBe('Hello')
  })

  it('are listed without what others have left in the folder', async () => {
    const files = await open()
    const name = kept()
    await files.write(name, pieces('Hello'), 5)
    for (const stray of ['incoming/.nfs000000000000001', 'kept/lost', `kept/${name.slice('kept/'.length)}`])
      writeFileSync(join(root, stray), '')
    const names: string[] = []
    for (const folder of ['incoming', 'kept'] as const) for await (const found of files.list(folder)) names.push(found.name)
    expect(names.filter((one) => one === name || !/^(incoming|kept)\/[0-9a-f-]{36}(\.\w+)?$/.test(one))).toEqual([name])
  })

  it('let go what a process that died was writing, once it is old enough', async () => {
    const files = await open()
    const writing = files.write(
      incoming(),
      (async function* () {
        yield Buffer.from('half')
        await files.tidy(new Date(Date.now() - 60_000))
        expect(partial()).toHaveLength(1)
        await files.tidy(new Date(Date.now() + 60_000))
        expect(partial()).toEqual([])
        yield Buffer.from('half')
      })(),
      8,
    )
    await expect(writing).rejects.toThrow('ENOENT')
  })
})

// As root, who may mount: a disk of 1 MiB.
describe.skipIf(process.platform !== 'linux' || process.getuid?.() !== 0)('files on a disk that is full', () => {
  it('are refused, leave nothing, and what was there stays', async () => {
    const small = mkdtempSync(join(tmpdir(), 'parley-small-disk-'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small])
    try {
      const files = await openDiskFiles(small, links)
      const name = kept()
      await files.write(name, pieces('Hello'), 5)
      const large = Array.from({ length: 32 }, () => 'x'.repeat(65536))
      await expect(files.write(kept(), pieces(...large), 32 * 65536)).rejects.toMatchObject({ code: 'ENOSPC' })
      expect(readdirSync(join(small, 'partial'))).toEqual([])
      expect(await textOf(files, name)).toBe('Hello')
      await files.write(kept(), pieces('There is room again'), 19)
    } finally {
      execFileSync('umount', [small])
      rmSync(small, { recursive: true })
    }
  })
})
