import type { IncomingMessage } from 'node:http'

/** The whole body of a request, or undefined once it is found to be longer than `mostBytes`; what is left of it is not kept. */
export function readBody(request: IncomingMessage, mostBytes: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    let bytes = 0
    const take = (part: Buffer) => {
      bytes += part.length
      if (bytes <= mostBytes) return void parts.push(part)
      stop()
      resolve(undefined)
    }
    const finish = () => {
      stop()
      resolve(Buffer.concat(parts, bytes))
    }
    const fail = (error?: Error) => {
      stop()
      reject(error ?? new Error('The request was not sent to its end.'))
    }
    const stop = () => request.off('data', take).off('end', finish).off('error', fail).off('close', fail)
    request.on('data', take).on('end', finish).on('error', fail).on('close', fail)
  })
}
