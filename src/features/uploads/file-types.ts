import type { AttachedKind } from '../../store/generated/prisma/client.ts'

/** As clients write it: lower case, without parameters; undefined for what is no media type. */
export function readMimeType(text: string): string | undefined {
  const type = text.split(';', 1)[0]!.trim().toLowerCase()
  return text.length <= 255 && /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/.test(type) ? type : undefined
}

/** Programs, in the words of those who announce them and of their bytes: nobody sends one by mistake, and a click runs it. */
export function isForbidden(mimeType: string): boolean {
  return programs.has(mimeType)
}

const programs = new Set([
  'application/x-msdownload',
  'application/x-msdos-program',
  'application/x-ms-installer',
  'application/x-msi',
  'application/vnd.microsoft.portable-executable',
  'application/x-dosexec',
  'application/x-elf',
  'application/x-executable',
  'application/x-sharedlib',
  'application/x-mach-binary',
  'application/x-sh',
  'application/x-bat',
  'application/hta',
  'application/x-ms-shortcut',
  'application/x.ms.shortcut',
  'application/java-vm',
  'application/java-archive',
  'application/vnd.android.package-archive',
])

/** What it is attached as. Drawings that run scripts are files. */
export function kindOf(mimeType: string): AttachedKind {
  if (mimeType.startsWith('image/') && mimeType !== 'image/svg+xml') return 'IMAGE'
  if (mimeType.startsWith('video/')) return 'VIDEO'
  return mimeType.startsWith('audio/') ? 'AUDIO' : 'FILE'
}

/** Of all that is attached to a message. */
export function kindOfAll(mimeTypes: readonly string[]): AttachedKind | null {
  const kinds = new Set(mimeTypes.map(kindOf))
  if (kinds.size === 0) return null
  return kinds.size === 1 ? [...kinds][0]! : 'FILE'
}

/** Those of which a preview is made. */
export const pictures: ReadonlySet<string> = new Set(['image/jpeg', 'image/png', 'image/gif', 'image/webp', 'image/avif', 'image/tiff'])

/**
 * Whether bytes that were found to be of a type may be called by another. Whoever calls them `application/octet-stream` says nothing of them;
 * many a format is a ZIP, an XML or an MP4 inside, and has several names.
 */
export function agree(announced: string, found: string): boolean {
  if (announced === 'application/octet-stream' || familyOf(announced) === familyOf(found)) return true
  return (containers.get(found) ?? (() => false))(announced)
}

function familyOf(mimeType: string): string {
  return families.find((family) => family.includes(mimeType))?.[0] ?? mimeType
}

const families: readonly (readonly string[])[] = [
  ['image/jpeg', 'image/jpg', 'image/pjpeg'],
  ['image/png', 'image/apng', 'image/x-png'],
  ['image/bmp', 'image/x-ms-bmp'],
  ['image/x-icon', 'image/vnd.microsoft.icon'],
  ['image/heic', 'image/heif', 'image/heic-sequence', 'image/heif-sequence'],
  ['audio/mpeg', 'audio/mp3', 'audio/mpeg3'],
  ['audio/wav', 'audio/x-wav', 'audio/wave', 'audio/vnd.wave'],
  ['audio/flac', 'audio/x-flac'],
  ['audio/aac', 'audio/x-aac', 'audio/aacp'],
  ['audio/aiff', 'audio/x-aiff'],
  ['audio/midi', 'audio/x-midi'],
  // One box for sound and pictures: which of both is in it, its first bytes do not say.
  ['video/mp4', 'audio/mp4', 'audio/x-m4a', 'audio/m4a', 'video/x-m4v', 'video/quicktime', 'video/3gpp', 'audio/3gpp', 'video/3gpp2'],
  ['video/webm', 'audio/webm', 'video/matroska', 'video/x-matroska', 'audio/x-matroska'],
  ['video/ogg', 'audio/ogg', 'application/ogg', 'audio/opus', 'audio/ogg; codecs=opus'],
  ['video/vnd.avi', 'video/avi', 'video/x-msvideo', 'video/msvideo'],
  ['application/gzip', 'application/x-gzip'],
  ['application/x-rar-compressed', 'application/vnd.rar', 'application/x-rar'],
  ['application/zip', 'application/x-zip-compressed', 'application/x-zip'],
  ['application/rtf', 'text/rtf'],
]

const isDocument = (type: string) => /^application\/(vnd\.|epub|x-|msword)/.test(type)

/** What may be in a file whose first bytes say only how it is packed. */
const containers = new Map<string, (announced: string) => boolean>([
  ['application/zip', isDocument],
  ['application/x-cfb', isDocument],
  ['application/gzip', (type) => /[+-](gzip|tar|gtar|compressed)/.test(type) || type === 'image/svg+xml-compressed'],
  ['application/xml', (type) => /[/+]xml$/.test(type) || /^text\//.test(type)],
])

/** How a file is handed out: never as what a browser would run as a page of ours. */
export function servedAs(mimeType: string): { readonly mimeType: string; readonly isShown: boolean } {
  if (shown.has(mimeType)) return { mimeType, isShown: true }
  if (mimeType === 'text/plain') return { mimeType: 'text/plain; charset=utf-8', isShown: true }
  return { mimeType: mimeType === 'application/pdf' ? mimeType : 'application/octet-stream', isShown: false }
}

/** What browsers show without running it. */
const shown = new Set([
  'image/jpeg',
  'image/png',
  'image/gif',
  'image/webp',
  'image/avif',
  'image/bmp',
  'image/apng',
  'video/mp4',
  'video/webm',
  'video/ogg',
  'video/quicktime',
  'audio/mpeg',
  'audio/mp4',
  'audio/x-m4a',
  'audio/ogg',
  'audio/webm',
  'audio/wav',
  'audio/flac',
  'audio/aac',
])

/** The header, with the name for clients of every age: as ASCII, and as it is. */
export function dispositionOf(filename: string, isShown: boolean): string {
  const plain = filename.replace(/[^\x20-\x7e]/g, '_').replace(/["\\%]/g, '_')
  const whole = encodeURIComponent(filename).replace(/['()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
  return `${isShown ? 'inline' : 'attachment'}; filename="${plain}"; filename*=UTF-8''${whole}`
}
