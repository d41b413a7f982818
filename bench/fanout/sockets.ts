import { setTimeout as sleep } from 'node:timers/promises'
import { startChild } from '../support/child.ts'

export interface Open {
  readonly url: string
  readonly kind: 'plain' | 'graphql' | 'socket.io'
  readonly sockets: number
  readonly query: string
  readonly roomId: string
  /** Of the people whose sockets they are, in turn. */
  readonly tokens: readonly string[]
}

/** Many sockets in a process of their own. */
export interface Sockets {
  /** Resolves when it counts from nothing; what it resolves with, when so many frames have come. What comes beyond ends the bench. */
  arrival(frames: number): Promise<{ readonly all: Promise<void> }>
  /** Bytes of a frame's payload, since it was last asked. */
  sizes(): Promise<{ least: number; most: number }>
  end(): Promise<void>
}

/** Resolves when every socket gets what is sent: events are sent until each of them has had one. */
export async function openSockets(open: Open, sendOne: () => Promise<void>): Promise<Sockets> {
  const child = startChild('bench/fanout/clients.ts')
  child.send({ open })
  let isFollowed = false
  const followed = child.next('followed').then(() => {
    isFollowed = true
  })
  while (!isFollowed) {
    await sendOne()
    await Promise.race([followed, sleep(200)])
  }
  // What is still on its way to others than the last.
  await sleep(300)
  child.send({ sizes: true })
  await child.next('sizes')
  return {
    async arrival(frames) {
      child.send({ expect: frames })
      await child.next('expecting')
      return { all: child.next('arrived').then(() => {}) }
    },
    async sizes() {
      child.send({ sizes: true })
      return (await child.next<{ sizes: { least: number; most: number } }>('sizes')).sizes
    },
    end: () => child.end(),
  }
}
