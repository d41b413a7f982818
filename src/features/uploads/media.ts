import { type IAudioMetadata, parseFromTokenizer } from 'music-metadata'
import { fromFile } from 'strtok3'

/** How long it takes to play; null where the file does not say so early enough. Broken ones do not. */
export async function measureMedia(path: string): Promise<number | null> {
  const tokenizer = await fromFile(path)
  let reads = 0
  for (const name of ['readBuffer', 'peekBuffer'] as const) {
    const read = tokenizer[name].bind(tokenizer)
    tokenizer[name] = async (...call) => {
      if (++reads > mostReads) throw new Error('Too many parts.')
      return read(...call)
    }
  }
  let format: Partial<IAudioMetadata['format']> = {}
  try {
    await parseFromTokenizer(tokenizer, { skipCovers: true, observer: ({ metadata }) => (format = metadata.format) })
  } catch {
    // What was told before it broke counts.
  } finally {
    await tokenizer.close()
  }
  const ms = Math.round((format.duration ?? 0) * 1000)
  return ms > 0 && ms <= longestMs ? ms : null
}

/** What the field holds: 24 days. */
const longestMs = 2 ** 31 - 1
/** A file can be made of millions of parts that say nothing, each of which is read: whoever waits to have theirs looked at shall not wait for that. */
const mostReads = 20_000
