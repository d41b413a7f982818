import type { StoredEvent } from '../store/transact.ts'
import type { Entry, LiveStream, Rendering } from './live-stream.ts'
import type { StreamReader } from './reader.ts'
import { Rendered } from './sink.ts'

/** How a group's events are shown. */
export interface Renderer {
  /** Whether the group wants to hear of it at all. */
  wants(event: StoredEvent): boolean
  /** Whose right to follow the event may have ended. */
  endsAccessOf(event: StoredEvent): string | undefined
  /** Rejects only when the database cannot be reached, and may then be asked again. Whatever else goes wrong is part of the answer. */
  render(entry: Entry): Promise<Rendering>
}

/**
 * The readers of one stream who ask the same: an event is executed and serialised once for all of them. Those who keep up are *live* and are
 * handed each event in the same turn; the others read on by themselves, from the ring or the log, until they have caught up.
 */
export class Group {
  readonly key: string
  readonly stream: LiveStream
  readonly #renderer: Renderer
  readonly #live = new Set<StreamReader>()
  readonly #unfollow: () => void
  /** Everything up to here was handed to all who are live. */
  #position = 0
  #isPumping = false

  constructor(key: string, stream: LiveStream, renderer: Renderer) {
    this.key = key
    this.stream = stream
    this.#renderer = renderer
    this.#unfollow = stream.follow(() => this.#pump())
  }

  wants(event: StoredEvent): boolean {
    return this.#renderer.wants(event)
  }

  endsAccessOf(event: StoredEvent): string | undefined {
    return this.#renderer.endsAccessOf(event)
  }

  /** Once for each entry, whoever asks first; the entry keeps it for as long as the ring keeps the entry, and it is not stale. */
  render(entry: Entry): Rendering | Promise<Rendering> {
    const kept = entry.rendered
    const found = kept.get(this.key)
    if (found instanceof Rendered && found.isStale) this.stream.grew(entry, -found.json.length)
    else if (found !== undefined) return found
    const rendering = this.#renderer.render(entry).then(
      (rendered) => {
        kept.set(this.key, rendered)
        // Outdated while it was rendered: whoever waits for it gets it, nobody else does.
        if (rendered !== 'personal' && entry.rendered === kept) this.stream.grew(entry, rendered.json.length)
        return rendered
      },
      (error) => {
        kept.delete(this.key)
        throw error
      },
    )
    kept.set(this.key, rendering)
    return rendering
  }

  /** Only for a reader who has everything that the ring has. One who read the log's head may be ahead of the ring, and so of others. */
  join(reader: StreamReader): void {
    if (this.#live.size === 0 || reader.position < this.#position) this.#position = reader.position
    this.#live.add(reader)
  }

  /** Answers whether it was live. */
  leave(reader: StreamReader): boolean {
    return this.#live.delete(reader)
  }

  close(): void {
    this.#unfollow()
  }

  /** One at a time, however often it is woken. */
  #pump(): void {
    if (this.#isPumping || this.#live.size === 0) return
    this.#isPumping = true
    // What could not be shown now, each reader meets again by itself: it waits for the database, or ends rather than losing an event.
    this.#deliverAll().catch(() => this.#fallBehind(() => true))
  }

  async #deliverAll(): Promise<void> {
    try {
      while (this.#live.size > 0) {
        const entries = this.stream.inRing(this.#position, batch)
        if (entries?.length === 0) return
        if (!entries) return this.#fallBehind(() => true)
        for (const entry of entries) {
          if (this.#live.size === 0) return
          const delivering = this.#deliver(entry)
          if (delivering) await delivering
        }
      }
    } finally {
      this.#isPumping = false
    }
  }

  #deliver(entry: Entry): void | Promise<void> {
    const { event } = entry
    const loses = this.#renderer.endsAccessOf(event)
    if (loses !== undefined) this.#fallBehind((reader) => reader.personId === loses)
    if (!this.#renderer.wants(event)) return this.#handOut(entry, undefined)
    const rendering = this.render(entry)
    return rendering instanceof Promise ? rendering.then((rendered) => this.#handOut(entry, rendered)) : this.#handOut(entry, rendering)
  }

  #handOut({ event: { seq } }: Entry, rendered: Rendering | undefined): void {
    if (rendered === 'personal') this.#fallBehind((reader) => reader.position < seq)
    else
      for (const reader of this.#live) {
        if (reader.position >= seq) continue
        if (rendered !== undefined && !reader.accept(rendered)) this.#drop(reader)
        else reader.position = seq
      }
    this.#position = seq
  }

  #fallBehind(which: (reader: StreamReader) => boolean): void {
    // Of those who are live now: one who has everything comes back in the same turn.
    for (const reader of [...this.#live]) if (which(reader)) this.#drop(reader)
  }

  #drop(reader: StreamReader): void {
    this.#live.delete(reader)
    reader.catchUp()
  }
}

const batch = 100
