/** What node A rings on Redis for a message, as far as the peers need it. */
export interface Rung {
  readonly seq: number
  readonly snapshot: { readonly message: { id: string; content: string }; readonly sender: { name: string } }
}

/** What every peer shows of it. */
export function shownOf({ seq, snapshot: { message, sender } }: Rung) {
  return { cursor: `cursor-${seq}`, message: { id: message.id, content: message.content, sender: { name: sender.name } } }
}

/** Brings what is sent to the same length for all: the text made of a padding is the padding and what else there is. */
export function paddedTo(bytes: number, make: (padding: string) => string): string {
  return make('.'.repeat(Math.max(0, bytes - Buffer.byteLength(make('')))))
}
