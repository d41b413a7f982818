import { createHash } from 'node:crypto'

/** What two texts are compared by, where the first is not kept. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
