import { createSocket } from 'node:dgram'
import { createFolder, findProgram, freePort, removeFolder, startProgram } from './program.ts'

/** A TURN server of our own on this machine, which takes credentials made with its secret. It ends with this process, however that ends. */
export interface Coturn {
  readonly url: string
  readonly port: number
  stop(): Promise<void>
}

/** The server's program, where it is installed. */
export function findCoturn(): string | undefined {
  return findProgram('turnserver')
}

export async function startCoturn(secret: string): Promise<Coturn> {
  const command = findCoturn()
  if (!command) throw new Error('Coturn is not installed: no turnserver in PATH.')
  const folder = createFolder('coturn')
  const port = await freePort()
  const where = ['--listening-ip', '127.0.0.1', '--relay-ip', '127.0.0.1', '--allow-loopback-peers', '--listening-port', String(port)]
  const who = ['--use-auth-secret', '--static-auth-secret', secret, '--realm', 'parley.test']
  const quiet = ['-n', '--no-tls', '--no-dtls', '--no-cli', '--log-file', 'stdout', '--pidfile', `${folder}/turnserver.pid`]
  const files = ['--userdb', `${folder}/turndb`]
  const program = await startProgram({ command, args: [...quiet, ...where, ...who, ...files], folder, ready: () => answers(port) })
  return {
    url: `turn:127.0.0.1:${port}?transport=udp`,
    port,
    async stop() {
      await program.end('SIGKILL')
      await removeFolder(folder)
    },
  }
}

/** A STUN binding request, which needs no credentials. */
async function answers(port: number): Promise<boolean> {
  const socket = createSocket('udp4')
  try {
    return await new Promise((resolve) => {
      socket.once('message', () => resolve(true))
      socket.once('error', () => resolve(false))
      setTimeout(() => resolve(false), 500).unref()
      const request = Buffer.alloc(20)
      request.writeUInt16BE(1, 0)
      request.writeUInt32BE(0x2112a442, 4)
      socket.send(request, port, '127.0.0.1')
    })
  } finally {
    socket.close()
  }
}
