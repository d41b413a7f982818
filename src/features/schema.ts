import '../graphql/scalars.ts'
import '../graphql/node.ts'
import './accounts/schema.ts'
import './accounts/mutation-schema.ts'
import './accounts/event-schema.ts'
import './rooms/schema.ts'
import './rooms/viewer-schema.ts'
import './rooms/member-schema.ts'
import './rooms/mutation-schema.ts'
import './rooms/member-mutation-schema.ts'
import './rooms/event-schema.ts'
import './rooms/inbox-schema.ts'
import './messages/schema.ts'
import './messages/edit-schema.ts'
import './inbox/schema.ts'
import { builder } from '../graphql/builder.ts'

/** The whole schema, once all nouns have added theirs. */
export const schema = builder.toSchema()
