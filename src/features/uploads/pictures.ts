import sharp from 'sharp'

// What was opened is not opened again: nothing is to be kept in memory for it.
sharp.cache(false)

export interface Picture {
  /** As it is shown: turned as its camera was held. */
  readonly width: number
  readonly height: number
  /** Null for what is too large to be opened. */
  readonly preview: Buffer | null
}

/** Undefined for what cannot be opened. The preview has none of the original's metadata: neither where it was taken, nor when, nor with what. */
export async function lookAtPicture(path: string): Promise<Picture | undefined> {
  try {
    const { autoOrient } = await sharp(path).metadata()
    const { width, height } = autoOrient
    if (width * height > mostPixels) return { width, height, preview: null }
    return { width, height, preview: await shrink(path, { width: previewPixels, height: previewPixels, fit: 'inside' }) }
  } catch {
    return undefined
  }
}

export type AvatarSize = keyof typeof avatarPixels

const avatarPixels = { small: 128, large: 512 }

/** A square of the middle, for round frames. Rejects for what cannot be opened, or is too large to be. */
export function cutAvatar(path: string, size: AvatarSize): Promise<Buffer> {
  const pixels = avatarPixels[size]
  return shrink(path, { width: pixels, height: pixels, fit: 'cover' })
}

/** Of what moves the first picture. Colours are turned into those of the web, and metadata is not taken along. */
function shrink(path: string, size: { width: number; height: number; fit: 'inside' | 'cover' }): Promise<Buffer> {
  return sharp(path, { limitInputPixels: mostPixels, sequentialRead: true, failOn: 'error' })
    .autoOrient()
    .resize({ ...size, withoutEnlargement: size.fit === 'inside' })
    .webp({ quality: 80 })
    .timeout({ seconds: mostSeconds })
    .toBuffer()
}

const previewPixels = 640
/** A hundred bytes can hold a billion pixels. Cameras make up to this many. */
const mostPixels = 120_000_000
const mostSeconds = 30
