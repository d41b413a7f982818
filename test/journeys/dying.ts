import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface DyingNode {
  readonly url: string
  /** Resolves with the signal that ended it. */
  readonly ended: Promise<string | null>
  /** Without a goodbye. */
  kill(): Promise<void>
}

/**
 * A node in a process of its own, which kills itself when it is about to publish a certain message, or is killed. At the latest it ends with
 * this process.
 */
export async function startDyingNode(env: Readonly<Record<string, string>>): Promise<DyingNode> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'test/support/dying-node.ts'], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = new Promise<string | null>((resolve) => child.once('exit', (_code, signal) => resolve(signal)))
  const url = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve)
    void ended.then((reason) => reject(new Error(`The node ended before it began: ${reason}`)))
  })
  return {
    url,
    ended,
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
