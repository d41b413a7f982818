import { execFileSync, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { accessSync, chownSync, closeSync, constants, mkdtempSync, openSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** Whom a program runs as, where that is not whoever runs the tests. */
export interface ProgramUser {
  uid: number
  gid: number
}

export interface ProgramOptions {
  command: string
  args: string[]
  /** Its working folder, which goes when this process dies. */
  folder: string
  user?: ProgramUser | undefined
  /** Answers whether the program serves by now. */
  ready(): Promise<boolean>
}

/** A program under a watchdog: it and its children end with this process, also when that is killed. */
export interface Program {
  /** Settles when it has ended, for whatever reason. */
  readonly ended: Promise<void>
  signal(name: NodeJS.Signals): void
  /** Sends the signal and waits for the end. */
  end(name: NodeJS.Signals): Promise<void>
}

/** Resolves once the program serves; fails with the end of its output when it stops before that, or does not serve within 30 s. */
export async function startProgram(options: ProgramOptions): Promise<Program> {
  const { command, args, folder, user } = options
  const output = openSync(join(folder, 'output.log'), 'a')
  const watchdog = spawn(process.execPath, [watchdogFile, JSON.stringify({ command, args, folder, user })], {
    stdio: ['pipe', output, output],
  })
  const input = watchdog.stdin as Socket
  closeSync(output)
  let running = true
  const ended = once(watchdog, 'exit').then(() => {
    running = false
  })
  // Writing to one that has just ended is no news: `ended` tells.
  input.on('error', () => undefined)
  const signal = (name: NodeJS.Signals) => void (running && input.write(`${name}\n`))
  const end = async (name: NodeJS.Signals) => {
    watchdog.ref()
    signal(name)
    await ended
  }

  const deadline = Date.now() + startTimeoutMs
  while (!(await options.ready())) {
    if (running && Date.now() < deadline) {
      await wait(10)
      continue
    }
    await end('SIGKILL')
    throw new Error(`${command} does not serve:\n${readFileSync(join(folder, 'output.log'), 'utf8').slice(-2000)}`)
  }
  // A forgotten program must not keep this process alive: it ends with it.
  watchdog.unref()
  input.unref()
  return { ended, signal, end }
}

/** The file of that name in the given folders, else in those of PATH. */
export function findProgram(name: string, folders: string[] = []): string | undefined {
  return [...folders, ...(process.env.PATH ?? '').split(delimiter)].map((folder) => join(folder, name)).find(isExecutable)
}

/** A new folder for a program's data, owned by the user who will run it. */
export function createFolder(name: string, user?: ProgramUser): string {
  const folder = mkdtempSync(join(tmpdir(), `parley-${name}-`))
  if (user) chownSync(folder, user.uid, user.gid)
  return folder
}

export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
}

/** Only root may, and only root needs to, run programs as somebody else. */
export function findUser(names: string[]): ProgramUser | undefined {
  if (process.getuid?.() !== 0) return undefined
  for (const name of names) {
    try {
      const number = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: 'pipe' }))
      return { uid: number('-u'), gid: number('-g') }
    } catch {
      // There is nobody of that name: the next one.
    }
  }
  return undefined
}

/** Below the range from which systems take ports for outgoing connections, so that it is still free after a restart. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000)
    const server = createServer()
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true))
    })
    await new Promise((resolve) => server.close(resolve))
    if (free) return port
  }
}

const startTimeoutMs = 30_000
const watchdogFile = fileURLToPath(new URL('watchdog.mjs', import.meta.url))

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
