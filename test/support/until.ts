import { setTimeout as pause } from 'node:timers/promises'

/**
 * Waits for a condition instead of sleeping: looks again and again, and says what was missing when it never came. `every` so many
 * milliseconds: more where a look is dear.
 */
export async function until<Value>(
  look: () => Value | Promise<Value>,
  { within = 10_000, what = 'the condition', every = 5 } = {},
): Promise<NonNullable<Value>> {
  const end = Date.now() + within
  for (;;) {
    const seen = await look()
    if (seen) return seen as NonNullable<Value>
    if (Date.now() > end) throw new Error(`${what} did not come true within ${within} ms: ${look}`)
    await pause(every)
  }
}
