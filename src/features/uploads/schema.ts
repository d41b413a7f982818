import { builder } from '../../graphql/builder.ts'
import { type Context, keepUntil, takeCharacters } from '../../graphql/context.ts'
import { rowId } from '../../graphql/ids.ts'
import { registerNode } from '../../graphql/node.ts'
import type { Attachment as AttachmentRow } from '../../store/generated/prisma/client.ts'
import { canSeeRoom } from '../rooms/access.ts'
import { completeUpload, createUpload, type Upload } from './commands.ts'
import { dispositionOf, servedAs } from './file-types.ts'
import { attachmentById } from './queries.ts'

const AttachmentState = builder.enumType('AttachmentState', {
  description: 'How far a file is.',
  values: {
    PENDING: { description: 'Announced: its bytes are to be put, and `completeUpload` to be called.' },
    READY: { description: 'Looked at, and taken: it may be sent.' },
    REJECTED: { description: 'Looked at, and not taken: `rejectedBecause` says why.' },
  } as const,
})

export const Attachment = builder.objectRef<AttachmentRow>('Attachment')

/** Of what is sent whoever sees the message; of all else whose it is. */
async function canSee({ roomId, ownerId }: AttachmentRow, context: Context): Promise<boolean> {
  const { actor } = context
  if (roomId === null) return actor.id('files that are not sent are for whoever has put them') === ownerId
  // What takes a message back is heard in its room's stream alone: what another one shows of its files is kept for nobody.
  if (!actor.hears(roomId)) actor.id('what a stream shows of a file that is not of its room')
  return canSeeRoom(context, roomId)
}

builder.node(Attachment, {
  description: 'A file: announced, put, and attached to one message.',
  id: { resolve: ({ id }) => id, description: 'The id of this attachment.' },
  authScopes: canSee,
  fields: (t) => ({
    state: t.expose('state', { type: AttachmentState, description: 'How far it is.' }),
    rejectedBecause: t.exposeString('rejectedBecause', { nullable: true, description: 'Why it was not taken, in English; else null.' }),
    filename: t.exposeString('filename', { description: 'What its owner calls it.' }),
    mimeType: t.exposeString('mimeType', { description: 'What it is; once it is READY, its bytes have been asked.' }),
    size: t.exposeInt('size', { description: 'How many bytes it has.' }),
    width: t.exposeInt('width', { nullable: true, description: 'Of a picture, in pixels, the way up that it is shown.' }),
    height: t.exposeInt('height', { nullable: true, description: 'Of a picture, in pixels, the way up that it is shown.' }),
    durationMs: t.exposeInt('durationMs', {
      nullable: true,
      description: 'How long it takes to play, of sounds and films that say so.',
    }),
    url: t.field({
      type: 'URL',
      nullable: true,
      description:
        'Where to get it, for at most 15 minutes from when this was asked: ask again when it has lapsed. Pictures, sounds, films and plain text may be shown; all else is for saving. Parts of it can be asked for by `Range`. Null while it is not READY.',
      resolve: (attachment, _args, context) => linkTo(attachment, '', context),
    }),
    previewUrl: t.field({
      type: 'URL',
      nullable: true,
      description:
        'Where to get a smaller picture of it, of at most 640 by 640 pixels and as WebP, in the same way. It tells nothing of where and when the picture was taken. Null where there is none.',
      resolve: (attachment, _args, context) => (attachment.hasPreview ? linkTo(attachment, '.preview', context) : null),
    }),
  }),
})

/** The same for all who ask in the same few minutes, so that browsers need not get it again. */
async function linkTo(attachment: AttachmentRow, variant: '' | '.preview', context: Context): Promise<string | null> {
  const { fileId, filename } = attachment
  if (fileId === null) return null
  const { files, linkMs } = context.services.uploads
  const step = linkMs / 3
  const expiresAt = new Date(Math.floor(Date.now() / step) * step + linkMs)
  keepUntil(context, expiresAt)
  const { mimeType, isShown } = servedAs(variant === '' ? attachment.mimeType : 'image/webp')
  const shownName = variant === '' ? filename : `${filename}.webp`
  const disposition = dispositionOf(shownName, isShown)
  // A link holds the file's name, which may be long.
  return takeCharacters(context, await files.links.toGet({ name: `kept/${fileId}${variant}`, mimeType, disposition, expiresAt }))
}

registerNode('Attachment', async (id, context) => {
  const attachment = await context.loaders.load(attachmentById, id)
  return attachment && (await canSee(attachment, context)) ? attachment : null
})

const CreateUploadInput = builder.inputType('CreateUploadInput', {
  description: 'A file that is to be put.',
  fields: (t) => ({
    filename: t.string({ required: true, description: 'What it is called: 255 characters at most, without a path.' }),
    mimeType: t.string({
      required: true,
      description: 'What it is, such as image/png; application/octet-stream says nothing of it. Its bytes have to agree.',
    }),
    size: t.int({ required: true, description: 'How many bytes it has, exactly: at most 50 MiB.' }),
  }),
})

const CreateUploadPayload = builder.objectRef<Upload>('CreateUploadPayload').implement({
  description: 'Put the bytes to `uploadUrl` with these headers before it lapses, then `completeUpload`.',
  fields: (t) => ({
    attachment: t.field({ type: Attachment, description: 'The file as it is announced.', resolve: ({ attachment }) => attachment }),
    uploadUrl: t.field({
      type: 'URL',
      description: 'Where to put the bytes, with the method PUT. It takes that many bytes of that type, and may be tried again.',
      resolve: ({ putTo }) => putTo.url,
    }),
    headers: t.field({ type: 'JSON', description: 'The headers to put them with, by their names.', resolve: ({ putTo }) => putTo.headers }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When the link lapses: 15 minutes from now.' }),
  }),
})

builder.mutationField('createUpload', (t) =>
  t.field({
    type: CreateUploadPayload,
    description:
      'Announces a file, to be sent with a message or to be a picture of somebody or of a room. What is not used within a day goes; 100 files may wait.',
    args: { input: t.arg({ type: CreateUploadInput, required: true, description: 'The file.' }) },
    resolve: (_root, { input }, context) => createUpload(context.services, context.actor.id('to put a file'), input),
  }),
)

const CompleteUploadInput = builder.inputType('CompleteUploadInput', {
  description: 'Which file was put.',
  fields: (t) => ({ attachmentId: t.id({ required: true, description: 'The id of an attachment of the viewer.' }) }),
})

const CompleteUploadPayload = builder.objectRef<AttachmentRow>('CompleteUploadPayload').implement({
  description: 'What became of it: READY or REJECTED.',
  fields: (t) => ({ attachment: t.field({ type: Attachment, description: 'The file as it is.', resolve: (attachment) => attachment }) }),
})

builder.mutationField('completeUpload', (t) =>
  t.field({
    type: CompleteUploadPayload,
    description:
      'Says that the bytes have been put: they are counted and looked at, and the file is READY, or REJECTED with a reason. Completing again gives the same answer.',
    args: { input: t.arg({ type: CompleteUploadInput, required: true, description: 'The file.' }) },
    async resolve(_root, { input }, context) {
      const person = context.actor.id('to complete a file of theirs')
      const attachment = await completeUpload(context.services, person, rowId(input.attachmentId, 'Attachment', 'attachmentId'))
      context.loaders.forget()
      return attachment
    },
  }),
)
