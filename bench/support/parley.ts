import { randomBytes } from 'node:crypto'
import { type Answer, ask } from '../../test/support/client.ts'
import { CreateRoomDocument, SignUpDocument } from '../../test/support/generated/documents.ts'
import { type Child, startServer } from './child.ts'

/** A node as anybody would start it, but for the limits on a person and the price of passwords. */
export interface Node {
  readonly child: Child
  readonly url: string
  readonly socketUrl: string
}

export async function startNode(env: Record<string, string>, program = 'src/main.ts'): Promise<Node> {
  const { child, url } = await startServer(program, { PORT: '0', LIMITS: 'off', PASSWORD_COST: '10', ...env })
  return { child, url, socketUrl: `${url.replace('http', 'ws')}/graphql` }
}

/**
 * Parley as `npm start` runs it; and beside it another one where BENCH_ALSO names its main file: what `npm run build` made, or how it was
 * before a change.
 */
export const programs = { Parley: 'src/main.ts', ...(process.env.BENCH_ALSO && { [process.env.BENCH_ALSO]: process.env.BENCH_ALSO }) }

export interface Person {
  readonly id: string
  readonly accessToken: string
}

/** So many people, signed up as anybody would be. */
export async function signUpPeople({ url }: Node, count: number): Promise<Person[]> {
  const people: Person[] = []
  while (people.length < count) {
    const few = Math.min(10, count - people.length)
    people.push(...(await Promise.all(Array.from({ length: few }, () => signUp(url)))))
  }
  return people
}

/** A group of all of them, made by the first; 101 people at most. */
export async function makeRoom({ url }: Node, [first, ...others]: readonly Person[]): Promise<string> {
  const input = { name: 'A room', memberIds: others.map(({ id }) => id) }
  const authorization = `Bearer ${first!.accessToken}`
  const { createGroupRoom } = orThrow(await ask(url, CreateRoomDocument, { input }, { authorization }))
  return createGroupRoom.room.id
}

/** The id of the row that a global id names. */
export function rowIdOf(globalId: string): string {
  return Buffer.from(globalId, 'base64url').toString().split(':')[1]!
}

async function signUp(url: string): Promise<Person> {
  const input = { handle: `b_${randomBytes(10).toString('hex')}`, name: 'Ada Lovelace', password: 'correct horse battery' }
  const { signUp: signed } = orThrow(await ask(url, SignUpDocument, { input }))
  return { id: signed.viewer.user.id, accessToken: signed.accessToken }
}

/** What was answered, where nothing may go wrong. */
export function orThrow<Data>({ data, errors }: Answer<Data>): Data {
  if (errors || !data) throw new Error(JSON.stringify(errors))
  return data
}
