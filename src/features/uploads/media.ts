import { parseFile } from 'music-metadata'

/** How long it takes to play; null where the file does not say so. Broken ones do not. */
export async function measureMedia(path: string): Promise<number | null> {
  try {
    const { format } = await parseFile(path, { skipCovers: true })
    const ms = Math.round((format.duration ?? 0) * 1000)
    return ms > 0 && ms <= longestMs ? ms : null
  } catch {
    return null
  }
}

/** What the field holds: 24 days. */
const longestMs = 2 ** 31 - 1
