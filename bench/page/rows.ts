import pg from 'pg'

/** What its environment tells a server that is measured beside Parley. */
const { DATABASE_URL, BENCH_PEOPLE } = process.env as Record<string, string>

/** As many connections as a node has. */
const pool = new pg.Pool({ connectionString: DATABASE_URL!, max: 10 })
/** The row's id of whoever bears the token: sessions kept in memory. */
const people = new Map(Object.entries(JSON.parse(BENCH_PEOPLE!) as Record<string, string>))

/** Whose the request is; undefined for nobody's. */
export function bearerOf(authorization: string | undefined): string | undefined {
  return people.get(authorization?.slice('Bearer '.length) ?? '')
}

export type Page = Awaited<ReturnType<typeof readNewestPage>>

/** What Parley answers to `NewestPage`, as one would read it by hand: in two statements. It is empty for whoever is not in the room. */
export async function readNewestPage(roomId: string, personId: string, last: number) {
  const rowId = Buffer.from(roomId, 'base64url').toString().split(':')[1]
  const { rows } = await pool.query<MessageRow>({ name: 'page', text: pageStatement, values: [rowId, personId, last + 1] })
  const hasPreviousPage = rows.length > last
  if (hasPreviousPage) rows.pop()
  rows.reverse()
  const found = await pool.query<ReactionRow>({ name: 'reactions', text: reactionsStatement, values: [rows.map(({ id }) => id), personId] })
  const reactions = new Map<string, Omit<ReactionRow, 'message_id'>[]>()
  for (const { message_id, emoji, count, viewerReacted } of found.rows) {
    const group = { emoji, count, viewerReacted }
    const groups = reactions.get(message_id)
    if (groups) groups.push(group)
    else reactions.set(message_id, [group])
  }
  const edges = rows.map((row) => ({
    cursor: base64(`m${row.seq}`),
    node: {
      id: base64(`Message:${row.id}`),
      seq: row.seq,
      content: row.content,
      createdAt: row.created_at,
      editedAt: row.edited_at,
      deletedAt: row.deleted_at,
      sender: { id: base64(`User:${row.sender_id}`), handle: row.handle, name: row.name },
      replyTo: row.quoted_id && {
        id: base64(`Message:${row.quoted_id}`),
        content: row.quoted_content,
        deletedAt: row.quoted_deleted_at,
        sender: { id: base64(`User:${row.quoted_sender_id}`), name: row.quoted_name },
      },
      reactions: reactions.get(row.id) ?? [],
    },
  }))
  return { room: { messages: { edges, pageInfo: { hasPreviousPage, startCursor: edges[0]?.cursor ?? null } } } }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64url')
}

interface MessageRow {
  id: string
  seq: number
  content: string
  created_at: Date
  edited_at: Date | null
  deleted_at: Date | null
  sender_id: string
  handle: string
  name: string
  quoted_id: string | null
  quoted_content: string
  quoted_deleted_at: Date | null
  quoted_sender_id: string
  quoted_name: string
}

interface ReactionRow {
  message_id: string
  emoji: string
  count: number
  viewerReacted: boolean
}

const pageStatement = `
  select m.id, m.seq, m.content, m.created_at, m.edited_at, m.deleted_at, sender.id as sender_id, sender.handle, sender.name,
    quoted.id as quoted_id, quoted.content as quoted_content, quoted.deleted_at as quoted_deleted_at,
    quoted_sender.id as quoted_sender_id, quoted_sender.name as quoted_name
  from message m
  join app_user sender on sender.id = m.sender_id
  left join message quoted on quoted.id = m.reply_to_id
  left join app_user quoted_sender on quoted_sender.id = quoted.sender_id
  where m.room_id = $1 and m.thread_id is null
    and exists (select from room_member where room_id = $1 and user_id = $2 and left_at is null)
  order by m.seq desc limit $3`

const reactionsStatement = `
  select message_id, emoji, count(*)::int as count, bool_or(user_id = $2) as "viewerReacted" from reaction
  where message_id = any($1::uuid[]) group by message_id, emoji order by message_id, min(seq)`
