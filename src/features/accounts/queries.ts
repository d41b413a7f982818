import type { Context } from '../../graphql/context.ts'
import { defineLoader, inOrder } from '../../graphql/loaders.ts'
import type { Database } from '../../store/database.ts'
import type { User } from '../../store/generated/prisma/client.ts'

/** The columns of a `User`. */
const userColumns = 'id, handle, name, created_at as "createdAt", deleted_at as "deletedAt"'

/** Not through Prisma, which takes four times as long: nearly every answer shows somebody. */
export const userById = defineLoader<string, User>('userById', async ({ sql }, ids) =>
  inOrder(ids, await sql<User>(`select ${userColumns} from app_user where id = any($1::uuid[])`, [ids]), (user) => user.id),
)

/** Not of those who have closed their account. */
export const userByHandle = defineLoader<string, User>('userByHandle', async ({ prisma }, handles) =>
  inOrder(handles, await prisma.user.findMany({ where: { handle: { in: [...handles] }, deletedAt: null } }), (user) => user.handle),
)

export const handlePattern = /^[a-z0-9_]{2,32}$/

/** How the handles of closed accounts begin. Nobody else may have one that does. */
export const tombstonePrefix = 'deleted_'

/** The signed-in person, with what only they may see. */
export interface ViewerRow {
  /** The person's. */
  readonly id: string
  readonly email: string | null
  /** Where the inbox stood when the rest was read. */
  readonly head: number
}

/**
 * Position and state in one statement, so of one moment. Whatever else was read before that moment is forgotten: what the viewer leads to is
 * read later than its position.
 */
export async function readViewer({ services, loaders }: Context, personId: string): Promise<ViewerRow | null> {
  const [row] = await services.database.sql<ViewerRow & User>(
    `select person.id, person.handle, person.name, person.created_at as "createdAt", person.deleted_at as "deletedAt", account.email, stream.head
     from app_user as person join stream on stream.id = person.id left join account on account.user_id = person.id where person.id = $1`,
    [personId],
  )
  if (!row) return null
  const { email, head, ...user } = row
  loaders.forget()
  loaders.prime(userById, user.id, user)
  return { id: user.id, email, head }
}

/** What a person sees of a session: nothing that tokens are made of. */
export interface SessionRow {
  readonly id: string
  readonly userId: string
  readonly userAgent: string | null
  readonly createdAt: Date
  readonly lastUsedAt: Date
}

const sessionColumns = 'id, user_id as "userId", user_agent as "userAgent", created_at as "createdAt", last_used_at as "lastUsedAt"'
const isAlive = 'ended_at is null and expires_at > now()'

/** Those that are alive, the last used first. */
export function readSessions(database: Database, personId: string, most: number): Promise<SessionRow[]> {
  return database.sql(
    `select ${sessionColumns} from session where user_id = $1 and ${isAlive} order by last_used_at desc, id desc limit $2`,
    [personId, most],
  )
}

/** Those that are alive. */
export const sessionById = defineLoader<string, SessionRow>('sessionById', async ({ sql }, ids) =>
  inOrder(
    ids,
    await sql<SessionRow>(`select ${sessionColumns} from session where id = any($1::uuid[]) and ${isAlive}`, [ids]),
    (session) => session.id,
  ),
)

/**
 * People whose handle or name begins so, whatever its case: who is called exactly that, by handle, then by name; then by handle, then by
 * name. Of each order only so many are read, through its index.
 */
export function findUsers({ sql }: Database, prefix: string, most: number): Promise<User[]> {
  const columns = 'id, handle, name, created_at'
  const begins = (column: string) =>
    `select ${columns} from app_user where lower(${column}) collate "C" like lower($2) || '%' and deleted_at is null
     order by lower(${column}) collate "C", id limit $3`
  return sql(
    `with asked as (select lower($1) as text), found as ((${begins('handle')}) union (${begins('name')}))
     select id, handle, name, created_at as "createdAt", null::timestamptz as "deletedAt" from found, asked
     order by lower(handle) <> text, lower(name) <> text, not starts_with(lower(handle), text), lower(handle) collate "C" limit $3`,
    [prefix, prefix.replaceAll(/[\\%_]/g, '\\$&'), most],
  )
}
