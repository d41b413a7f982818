import '../graphql/scalars.ts'
import '../graphql/node.ts'
import './accounts/schema.ts'
import './rooms/schema.ts'
import './messages/schema.ts'
import './inbox/schema.ts'
import { builder } from '../graphql/builder.ts'

/** The whole schema, once all nouns have added theirs. */
export const schema = builder.toSchema()
