import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FolderInUse, lockFolder } from '../../src/store/folder-lock.ts'

describe('the lock of a folder', () => {
  let folder: string
  const children: ChildProcess[] = []
  beforeEach(async () => {
    folder = join(await mkdtemp(join(tmpdir(), 'parley-lock-')), 'db')
  })
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
    await rm(join(folder, '..'), { recursive: true, force: true })
  })

  it('is held by one, and free again when it is let go', async () => {
    const unlock = await lockFolder(folder)
    await expect(lockFolder(folder)).rejects.toThrow(FolderInUse)
    await unlock()
    await (await lockFolder(folder))()
  })

  it('of a process that lives is respected, and says whose it is in one line', async () => {
    const holder = await holdElsewhere()
    const refusal = await lockFolder(folder).catch((error: Error) => error.message)
    expect(refusal).toContain(`process ${holder.pid}`)
    expect(refusal).not.toContain('\n')
  })

  it('of a process that was killed is taken over, also while nobody has waited for it', async () => {
    const holder = await holdElsewhere()
    process.kill(holder.pid!, 'SIGKILL')
    if (process.platform === 'linux') await untilItIsNoMore(holder.pid!)
    else await once(holder, 'exit')
    await (await lockFolder(folder))()
  })

  it('of a process whose id was used again is taken over', async () => {
    await writeFile(`${folder}.lock`, JSON.stringify({ processId: process.pid, startedAt: 'another time', token: 'x' }))
    await (await lockFolder(folder))()
  })

  it('that is dead is taken over by one of many, never by two', async () => {
    await writeFile(`${folder}.lock`, 'half a lo')
    const attempts = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(folder)))
    expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(JSON.parse(await readFile(`${folder}.lock`, 'utf8')).processId).toBe(process.pid)
  })

  async function holdElsewhere(): Promise<ChildProcess> {
    const program = `import { lockFolder } from './src/store/folder-lock.ts'
      await lockFolder(${JSON.stringify(folder)}); console.log('held'); setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    children.push(child)
    await once(child.stdout!, 'data')
    return child
  }

  /** Killed, and not yet waited for: its state says so before Node has heard. */
  async function untilItIsNoMore(processId: number): Promise<void> {
    for (;;) {
      const stat = await readFile(`/proc/${processId}/stat`, 'utf8').catch(() => ') X')
      if (/\) [ZX]/.test(stat)) return
    }
  }
})
