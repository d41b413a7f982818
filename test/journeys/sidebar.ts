import { type Client, createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import { resume } from '../../docs/examples/resume.ts'
import type { Parley } from '../support/parley.ts'
import { orThrow, type Person } from './person.ts'

/** A room as a list of rooms shows it. */
export interface SidebarRoom {
  readonly id: string
  readonly name: string | null
  readonly archivedAt: string | null
  readonly lastActivityAt: string
  readonly memberCount: number
  readonly unreadCount: number
  readonly unreadMentionCount: number
  readonly lastMessage: { readonly id: string; readonly content: string; readonly sender: { readonly name: string } } | null
}

const roomParts = `fragment RoomParts on Room { id name archivedAt lastActivityAt memberCount unreadCount unreadMentionCount
  lastMessage { id content sender { id name } } }`
const pageDocument = `query ($after: String) { viewer { inboxCursor rooms(first: 100, after: $after, archived: null) {
  nodes { ...RoomParts } pageInfo { hasNextPage endCursor } } } } ${roomParts}`
const inboxDocument = `subscription ($after: Cursor!) { inbox(after: $after) { __typename cursor
  ... on RoomAdded { roomId room { ...RoomParts } } ... on RoomRemoved { roomId }
  ... on ReadMarkMoved { roomId room { ...RoomParts } } ... on UnreadChanged { roomId room { ...RoomParts } } } } ${roomParts}`

interface Told {
  readonly __typename: string
  readonly cursor: string
  readonly roomId?: string
  readonly room?: SidebarRoom | null
}

/** The list of rooms of one device: read once, and kept right by one subscription to the inbox and nothing else. */
export interface Sidebar {
  /** What it shows: latest activity first, archived ones apart. */
  readonly shown: Shown
  /** All that it was told. */
  readonly told: readonly Told[]
  /** Ends the connection without a goodbye: the client comes back by itself, and goes on from its last cursor. */
  cut(): void
  readonly connections: number
  stop(): Promise<void>
}

export interface Shown {
  readonly open: readonly SidebarRoom[]
  readonly archived: readonly SidebarRoom[]
}

/** The same, read afresh. */
export async function readSidebar(person: Person): Promise<Shown> {
  return show((await readRooms(person)).rooms)
}

export async function openSidebar(person: Person, node: Pick<Parley, 'url'> = person): Promise<Sidebar> {
  const { rooms: read, inboxCursor } = await readRooms(person.on(node))
  const rooms = new Map(read.map((room) => [room.id, room]))
  const told: Told[] = []
  let current: WebSocket | undefined
  let connections = 0
  const client: Client = createClient({
    url: `${node.url.replace('http', 'ws')}/graphql`,
    connectionParams: person.credentials,
    webSocketImpl: WebSocket,
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => true,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 25)),
    on: {
      opened(socket) {
        current = socket as WebSocket
        connections++
      },
    },
  })
  const failed: unknown[] = []
  resume<{ inbox: Told }>(
    client,
    { query: inboxDocument, variables: { after: inboxCursor } },
    {
      next({ data, errors }) {
        if (errors) failed.push(...errors)
        if (!data) return
        told.push(data.inbox)
        apply(rooms, data.inbox)
      },
      error: (reason) => void failed.push(reason),
      complete: () => {},
    },
  )
  return {
    told,
    get shown() {
      if (failed.length > 0) throw new Error(`It was not told: ${JSON.stringify(failed)}`)
      return show([...rooms.values()])
    },
    cut: () => current?.terminate(),
    get connections() {
      return connections
    },
    async stop() {
      await Promise.resolve(client.dispose()).catch(() => {})
      current?.terminate()
    },
  }
}

/** By the rules of docs/events.md, "A list of rooms". */
function apply(rooms: Map<string, SidebarRoom>, { __typename, roomId, room }: Told): void {
  if (__typename === 'RoomRemoved') rooms.delete(roomId!)
  else if (room && (__typename === 'RoomAdded' || rooms.has(room.id))) rooms.set(room.id, room)
}

function show(rooms: readonly SidebarRoom[]): Shown {
  const sorted = [...rooms].sort((a, b) => compare(b.lastActivityAt, a.lastActivityAt) || compare(a.id, b.id))
  return { open: sorted.filter(({ archivedAt }) => archivedAt === null), archived: sorted.filter(({ archivedAt }) => archivedAt !== null) }
}

const compare = (a: string, b: string) => (a < b ? -1 : Number(a > b))

async function readRooms(person: Person): Promise<{ rooms: SidebarRoom[]; inboxCursor: string }> {
  const rooms: SidebarRoom[] = []
  const cursors: string[] = []
  for (let after: string | null = null; ; ) {
    const { viewer }: RoomsPage = orThrow(await person.ask<RoomsPage>(pageDocument, { after }))
    cursors.push(viewer.inboxCursor)
    rooms.push(...viewer.rooms.nodes)
    // Not later than any of the pages.
    if (!viewer.rooms.pageInfo.hasNextPage) return { rooms, inboxCursor: cursors[0]! }
    after = viewer.rooms.pageInfo.endCursor
  }
}

interface RoomsPage {
  readonly viewer: {
    readonly inboxCursor: string
    readonly rooms: {
      readonly nodes: SidebarRoom[]
      readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
    }
  }
}
