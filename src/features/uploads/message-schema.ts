import { builder } from '../../graphql/builder.ts'
import { takeObjects } from '../../graphql/context.ts'
import { Message } from '../messages/schema.ts'
import { attachmentsOf } from './queries.ts'
import { Attachment } from './schema.ts'

builder.objectField(Message, 'attachments', (t) =>
  t.field({
    type: [Attachment],
    description: 'The files that it brings, in the order in which it was sent with them: at most 10. None once it is deleted.',
    extensions: { holds: 2 },
    resolve: async ({ id, attachedKind }, _args, context) =>
      attachedKind === null ? [] : takeObjects(context, (await context.loaders.load(attachmentsOf, id))!),
  }),
)
