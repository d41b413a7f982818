import { createHash, createHmac, randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'

/** What a TURN server says to a request for a relay: 0 for yes, or its code. RFC 5766, as little of it as that takes. */
export async function askForRelay(port: number, { username, credential }: { username: string; credential: string }): Promise<number> {
  const socket = createSocket('udp4')
  const ask = (request: Buffer) =>
    new Promise<Buffer>((resolve, reject) => {
      socket.once('message', resolve)
      socket.once('error', reject)
      socket.send(request, port, '127.0.0.1')
    })
  try {
    const transport = attribute(0x0019, Buffer.from([17, 0, 0, 0]))
    const first = read(await ask(message([transport])))
    const [realm, nonce] = [first.attributes.get(0x0014)!, first.attributes.get(0x0015)!]
    const key = createHash('md5').update(`${username}:${realm.toString()}:${credential}`).digest()
    const identity = [attribute(0x0006, Buffer.from(username)), attribute(0x0014, realm), attribute(0x0015, nonce)]
    const { code } = read(await ask(signed([transport, ...identity], key)))
    return code
  } finally {
    socket.close()
  }
}

function attribute(type: number, value: Buffer): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt16BE(type, 0)
  head.writeUInt16BE(value.length, 2)
  return Buffer.concat([head, value, Buffer.alloc((4 - (value.length % 4)) % 4)])
}

/** An Allocate request. `more`: as many bytes are counted that are still to come. */
function message(attributes: Buffer[], more = 0): Buffer {
  const body = Buffer.concat(attributes)
  const head = Buffer.alloc(8)
  head.writeUInt16BE(0x0003, 0)
  head.writeUInt16BE(body.length + more, 2)
  head.writeUInt32BE(0x2112a442, 4)
  return Buffer.concat([head, randomBytes(12), body])
}

function signed(attributes: Buffer[], key: Buffer): Buffer {
  const unsigned = message(attributes, 24)
  return Buffer.concat([unsigned, attribute(0x0008, createHmac('sha1', key).update(unsigned).digest())])
}

function read(answer: Buffer): { code: number; attributes: Map<number, Buffer> } {
  const attributes = new Map<number, Buffer>()
  for (let at = 20; at < answer.length; ) {
    const length = answer.readUInt16BE(at + 2)
    attributes.set(answer.readUInt16BE(at), answer.subarray(at + 4, at + 4 + length))
    at += 4 + length + ((4 - (length % 4)) % 4)
  }
  const error = attributes.get(0x0009)
  return { code: error ? error[2]! * 100 + error[3]! : 0, attributes }
}
