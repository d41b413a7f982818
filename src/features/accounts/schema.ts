import { builder } from '../../graphql/builder.ts'
import { registerNode } from '../../graphql/node.ts'
import { userById } from './queries.ts'

/** A person, as anybody who is signed in may see them. */
export const User = builder.prismaNode('User', {
  description: 'A person.',
  id: { field: 'id', description: 'The id of this person.' },
  authScopes: (_user, { actor }) => actor.kind !== 'nobody',
  fields: (t) => ({
    handle: t.exposeString('handle', { description: 'Lower case letters, digits and _, 2 to 32 of them. Public.' }),
    name: t.exposeString('name', { description: 'What they call themselves.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When they signed up.' }),
  }),
})

registerNode('User', async (id, { actor, loaders }) => (actor.kind === 'nobody' ? null : loaders.load(userById, id)))
