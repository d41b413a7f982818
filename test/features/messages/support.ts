import type { Send, Sent } from '../../../src/features/messages/sends.ts'
import type { HeardEvent } from '../../../src/graphql/facts.ts'
import { sha256 } from '../../../src/lib/hash.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import type { Database } from '../../../src/store/database.ts'
import { createTransact, type Transact } from '../../../src/store/transact.ts'
import type { APerson } from '../../support/domain.ts'
import type { ARoom } from '../../support/rooms.ts'

/** People and rooms as rows, on any database: what messages need of the other nouns. */
export interface Stage {
  readonly database: Database
  readonly transact: Transact
  aPerson(): Promise<string>
  aGroup(...people: string[]): Promise<string>
  /** Takes the person out of the room, in a transaction of its own, as leaving does; answers the seq of the event. */
  remove(roomId: string, userId: string): Promise<number>
}

export function createStage(database: Database): Stage {
  const transact = createTransact(database, () => {})
  return {
    database,
    transact,
    async aPerson() {
      const id = uuid()
      await transact([], async ({ rows, at }) => {
        await rows.user.create({ data: { id, handle: `p_${id.replaceAll('-', '').slice(-20)}`, name: 'Somebody', createdAt: at } })
      })
      return id
    },
    async aGroup(...people) {
      const id = uuid()
      await transact([], async ({ rows, at, openStream }) => {
        await openStream(id)
        const room = { id, kind: 'GROUP', name: 'A group', memberCount: people.length, createdById: people[0]!, createdAt: at } as const
        await rows.room.create({ data: room })
        const member = (userId: string) => ({ id: uuid(), roomId: id, userId, role: 'MEMBER', joinedAt: at }) as const
        await rows.roomMember.createMany({ data: people.map(member) })
      })
      return id
    },
    remove: (roomId, userId) =>
      transact([roomId], async ({ rows, at, append }) => {
        await rows.roomMember.update({ where: { roomId_userId: { roomId, userId } }, data: { leftAt: at } })
        return append(roomId, { type: 'MemberLeft', data: { userId } })
      }),
  }
}

/** A send, ready for the database. Without a nonce its id is its nonce, as in the command. */
export function aSend(roomId: string, senderId: string, content: string, nonce?: string): Send {
  const id = uuid()
  return { roomId, senderId, id, nonce: nonce ?? id, nonceHash: sha256(content), content }
}

/** What was shown of a send that has a message. */
export function shownOf(sent: Sent) {
  if (!('message' in sent)) throw new Error(`It was not sent: ${sent.outcome}`)
  return sent
}

/** Tells of a room what the database has: dense, ordered, each message with its event. */
export async function logOf({ sql }: Database, roomId: string) {
  return sql<{ seq: number; type: string; at: Date; content: string | null; senderId: string | null }>(
    `select e.seq, e.type, e.at, m.content, m.sender_id as "senderId" from event e
     left join message m on m.id::text = e.data->>'messageId' and m.room_id = e.stream_id and m.seq = e.seq
     where e.stream_id = $1 order by e.seq`,
    [roomId],
  )
}

/** The bus as a list. */
export function aBell() {
  const rung: HeardEvent[] = []
  return { rung, ring: (events: readonly HeardEvent[]) => void rung.push(...events) }
}

/** The same database, telling how many statements it was asked for. */
export function counted(database: Database): Database & { readonly statements: string[] } {
  const statements: string[] = []
  return {
    ...database,
    statements,
    sql: (text, values) => {
      statements.push(text)
      return database.sql(text, values)
    },
    prisma: database.prisma.$extends({
      query: {
        $allOperations: ({ model, operation, args, query }) => {
          statements.push(`${model}.${operation}`)
          return query(args)
        },
      },
    }) as unknown as Database['prisma'],
  }
}

/** Somebody says something, as clients do; what was refused is thrown. */
export async function sayIn(person: APerson, room: ARoom, content: string, nonce?: string): Promise<Said> {
  const { data, errors } = await person.run<{ sendMessage: { message: Said } }>(
    `mutation ($room: ID!, $content: String!, $nonce: String) { sendMessage(input: { roomId: $room, content: $content, nonce: $nonce }) {
      message { id seq content nonce createdAt editedAt } } }`,
    { room: room.globalId, content, nonce },
  )
  if (errors) throw errors[0]
  return data!.sendMessage.message
}

export interface Said {
  readonly id: string
  readonly seq: number
  readonly content: string
  readonly nonce: string | null
  readonly createdAt: string
  readonly editedAt: string | null
}
