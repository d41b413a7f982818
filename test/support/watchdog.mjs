// Runs one program for as long as whoever started this lives: its end of our standard input closes when it dies, however it dies, and then
// the program and its children are killed and its folder is removed. Until then each line of standard input is a signal for the program.
// Plain JavaScript, so that it starts in an instant.
import { execFileSync, spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { createInterface } from 'node:readline'

const { command, args, folder, user } = JSON.parse(process.argv[2])

// A process group of its own: Ctrl-C in the terminal is for the tests, which then end the program as they see fit.
const program = spawn(command, args, { cwd: folder, ...user, detached: true, stdio: ['ignore', 'inherit', 'inherit'] })
program.on('error', (error) => process.stderr.write(`${error.message}\n`))
program.on('close', () => {
  if (orphaned) rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  process.exit()
})

let orphaned = false
const lines = createInterface(process.stdin)
lines.on('line', (line) => signal(line))
lines.on('close', () => {
  orphaned = true
  signal('SIGKILL')
})
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => undefined)

/** SIGKILL takes the children along, so that nothing is still being written when the program counts as dead. */
function signal(name) {
  const children = name === 'SIGKILL' ? childrenOf(program.pid) : []
  program.kill(name)
  for (const child of children) killIfAlive(child)
}

function childrenOf(parent) {
  const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
  return table
    .split('\n')
    .map((row) => row.trim().split(/\s+/).map(Number))
    .filter((row) => row[1] === parent)
    .map((row) => row[0])
}

function killIfAlive(pid) {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It followed its parent by itself.
  }
}
