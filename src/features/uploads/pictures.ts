import sharp, { type Metadata } from 'sharp'

// What was opened is not opened again: nothing is to be kept in memory for it.
sharp.cache(false)

export interface Picture {
  /** As it is shown: turned as its camera was held. */
  readonly width: number
  readonly height: number
  /** Null for what takes too much memory to be opened. */
  readonly preview: Buffer | null
}

/** Undefined for what cannot be opened. The preview has none of the original's metadata: neither where it was taken, nor when, nor with what. */
export async function lookAtPicture(path: string): Promise<Picture | undefined> {
  try {
    const metadata = await sharp(path).metadata()
    const { width, height } = metadata.autoOrient
    if (!isBounded(metadata)) return { width, height, preview: null }
    return { width, height, preview: await shrink(path, { width: previewPixels, height: previewPixels, fit: 'inside' }) }
  } catch {
    return undefined
  }
}

export type AvatarSize = keyof typeof avatarPixels

const avatarPixels = { small: 128, large: 512 }

/** A picture that cannot be cut, and why, for its owner to read. */
export class UnfitPicture extends Error {
  constructor(sentence: string) {
    super(sentence)
    this.name = 'UnfitPicture'
  }
}

/** A square of the middle, for round frames. Rejects with UnfitPicture for what cannot be opened, or is too large to be. */
export async function cutAvatar(path: string, size: AvatarSize): Promise<Buffer> {
  const pixels = avatarPixels[size]
  const metadata = await sharp(path).metadata().catch(unopened)
  if (!isBounded(metadata)) throw new UnfitPicture('This picture is too large to be cut.')
  return shrink(path, { width: pixels, height: pixels, fit: 'cover' }).catch(unopened)
}

function unopened(): never {
  throw new UnfitPicture('This picture cannot be opened.')
}

/** Whether it can be opened without taking the memory that others need. What is packed line by line takes little; all else is held whole. */
function isBounded({ width, height, channels, depth, format, isProgressive }: Metadata): boolean {
  const pixels = width * height
  if (pixels > mostPixels) return false
  if (!isProgressive && ['jpeg', 'png'].includes(format)) return true
  // Between its passes a JPEG is held as two bytes a sample.
  const sampleBytes = depth === 'uchar' && format !== 'jpeg' ? 1 : 2
  return pixels * Math.max(channels, 3) * sampleBytes <= mostHeldBytes
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
/** Of one that has to be unpacked as a whole: `INSPECTIONS_MOST` of these are in memory at once. */
const mostHeldBytes = 192 * 1024 * 1024
const mostSeconds = 30
