import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openLentFiles } from '../../src/store/lent-files.ts'

const root = mkdtempSync(join(tmpdir(), 'parley-lending-'))
afterAll(() => rmSync(root, { recursive: true }))

describe('lent files', () => {
  it('are there while the work takes, and gone when it is done, whatever came of it', async () => {
    const { lend } = await openLentFiles(join(root, 'lent'))
    const paths: string[] = []
    const work = async (path: string) => {
      paths.push(path)
      writeFileSync(path, 'x')
      return paths.length
    }
    expect(await lend(work)).toBe(1)
    await expect(lend(async (path) => work(path).then(() => Promise.reject(new Error('broken'))))).rejects.toThrow('broken')
    expect(await lend(async () => 'nothing')).toBe('nothing')
    expect([new Set(paths).size, ...paths.map((path) => existsSync(path))]).toEqual([2, false, false])
  })

  it.skipIf(process.platform === 'win32')('are put into no folder that somebody else could have made, or can write to', async () => {
    const [open, target, link, file] = ['open', 'target', 'link', 'file'].map((name) => join(root, name))
    mkdirSync(open!)
    chmodSync(open!, 0o777)
    mkdirSync(target!)
    symlinkSync(target!, link!)
    writeFileSync(file!, '')
    for (const folder of [open!, link!]) await expect(openLentFiles(folder)).rejects.toThrow('is not a folder that this user alone')
    // What can be put right is told as that.
    for (const folder of [open!, file!, join(file!, 'folder')])
      await expect(openLentFiles(folder), folder).rejects.toMatchObject({
        name: 'StorageUnusable',
        message: expect.stringContaining('TMPDIR'),
      })
  })
})
