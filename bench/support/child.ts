import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Frame, readProfile } from './profile.ts'

/** A program of ours in a process of its own, which ends with this one. */
export interface Child {
  readonly pid: number
  /** Time on a processor since it began, all threads; not a number where the system does not tell. */
  cpu(): CpuTime
  send(message: object): void
  /** The next message with that key; one that nobody asked for yet is kept. */
  next<Message>(key: string): Promise<Message>
  /** Where it spends its time while the work lasts. */
  profiled(work: () => Promise<unknown>): Promise<readonly Frame[]>
  end(): Promise<void>
}

export interface CpuTime {
  readonly ms: number
  /** So much of it in the kernel. */
  readonly kernelMs: number
}

/** Forks a file of the project. What it says on standard error is shown. */
export function startChild(file: string, env: Record<string, string> = {}): Child & { readonly process: ChildProcess } {
  const child = fork(join(import.meta.dirname, 'leash.mjs'), [resolve(root, file)], {
    cwd: root,
    env: { ...process.env, ...env },
    execArgv: file.endsWith('.ts') ? ['--import', 'tsx'] : [],
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const messages = new Messages(child, file)
  return {
    process: child,
    pid: child.pid!,
    cpu: () => cpuOf(child.pid!),
    send: (message) => void child.send(message),
    next: (key) => messages.next(key),
    async profiled(work) {
      const folder = mkdtempSync(join(tmpdir(), 'parley-profile-'))
      const profile = join(folder, 'profile.json')
      try {
        child.send({ profile: 'start' })
        await messages.next('profile')
        await work()
        child.send({ profile: 'stop', file: profile })
        await messages.next('profile')
        return readProfile(profile)
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    },
    async end() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** Forks a server, and answers where it listens: it prints `listens on URL`. */
export async function startServer(file: string, env: Record<string, string>): Promise<{ child: Child; url: string }> {
  const child = startChild(file, env)
  let output = ''
  const url = new Promise<string>((resolve, reject) => {
    child.process.stdout!.setEncoding('utf8').on('data', (text: string) => {
      output += text
      const found = /listens on (\S+)/.exec(output)
      if (found) resolve(found[1]!.replace('localhost', '127.0.0.1'))
    })
    child.process.once('exit', () => reject(new Error(`${file} did not start:\n${output}`)))
  })
  return { child, url: await url }
}

const root = join(import.meta.dirname, '../..')

/** What a child says, by its key, until somebody asks for it. */
class Messages {
  readonly #file: string
  readonly #kept: object[] = []
  #waiting: { key: string; resolve(message: object): void; reject(reason: Error): void }[] = []
  #hasEnded = false

  constructor(child: ChildProcess, file: string) {
    this.#file = file
    child.on('message', (message: object) => {
      const asked = this.#waiting.find(({ key }) => key in message)
      if (!asked) return void this.#kept.push(message)
      this.#waiting = this.#waiting.filter((one) => one !== asked)
      asked.resolve(message)
    })
    child.once('exit', () => {
      this.#hasEnded = true
      for (const { reject } of this.#waiting) reject(this.#ended())
    })
  }

  next<Message>(key: string): Promise<Message> {
    const index = this.#kept.findIndex((message) => key in message)
    if (index !== -1) return Promise.resolve(this.#kept.splice(index, 1)[0] as Message)
    if (this.#hasEnded) return Promise.reject(this.#ended())
    return new Promise((resolve, reject) => {
      this.#waiting.push({ key, resolve: resolve as (message: object) => void, reject })
    })
  }

  #ended(): Error {
    return new Error(`${this.#file} has ended.`)
  }
}

/** In ticks of the kernel, a hundred a second on every Linux that there is: measure for long enough. */
function cpuOf(pid: number): CpuTime {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const kernelMs = Number(fields[12]) * 10
    return { ms: Number(fields[11]) * 10 + kernelMs, kernelMs }
  } catch {
    return { ms: Number.NaN, kernelMs: Number.NaN }
  }
}
