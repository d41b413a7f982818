import { builder } from '../../graphql/builder.ts'
import type { Context } from '../../graphql/context.ts'
import { User } from '../accounts/schema.ts'
import { Room } from '../rooms/schema.ts'
import { avatarOf, avatarUrl } from './avatars.ts'
import type { AvatarSize as Size } from './pictures.ts'

const AvatarSize = builder.enumType('AvatarSize', {
  description: 'How large a picture of a person or a room is.',
  values: {
    SMALL: { value: 'small' as const, description: '128 by 128 pixels, for lists.' },
    LARGE: { value: 'large' as const, description: '512 by 512 pixels.' },
  },
})

const ofSize = { type: AvatarSize, defaultValue: 'small' as const, description: 'How large.' }
const about =
  'Anybody who is told this address may see it; what is there never changes, so that it can be kept for ever. Another picture has another address.'

builder.objectField(User, 'avatarUrl', (t) =>
  t.field({
    type: 'URL',
    nullable: true,
    description: `Their picture, square and as WebP; null when they have none. ${about}`,
    args: { size: t.arg(ofSize) },
    resolve: ({ id }, { size }, context) => urlOf(id, size, context),
  }),
)

builder.interfaceField(Room, 'avatarUrl', (t) =>
  t.field({
    type: 'URL',
    nullable: true,
    description: `Its picture, square and as WebP; null when it has none, as a direct room: show its peer's. ${about}`,
    args: { size: t.arg(ofSize) },
    resolve: ({ id }, { size }, context) => urlOf(id, size, context),
  }),
)

async function urlOf(id: string, size: Size | null | undefined, { loaders, services }: Context): Promise<string | null> {
  const fileId = await loaders.load(avatarOf, id)
  return fileId === null ? null : avatarUrl(services, fileId, size ?? 'small')
}
