import { defineLoader } from '../../graphql/loaders.ts'
import { createTurns, type Turns } from '../../lib/gate.ts'
import { runBy } from '../../store/database.ts'
import { createSignatures } from '../../store/signatures.ts'
import type { Transaction } from '../../store/transact.ts'

declare module '../../graphql/context.ts' {
  interface Services {
    readonly calendars: Calendars
  }
}

/**
 * Links by which calendar applications, which know no credentials, get what one person may see. A link is good until its person's account is
 * closed or its links are revoked, but shows nothing by itself: whoever follows it asks what its person may see then.
 */
export interface Calendars {
  readonly terms: CalendarTerms
  urlOf(link: CalendarLink): string
  /** Undefined for what we have not signed. */
  read(token: string): CalendarLink | undefined
  /** What is done under one key is done one after another. */
  readonly inTurn: Turns
}

export interface CalendarTerms {
  /** How many meetings a calendar has at most. */
  readonly calendarMeetingsMost: number
  /** For how many days it shows what is over. */
  readonly calendarPastDays: number
}

export interface CalendarLink {
  readonly userId: string
  /** Null: all of theirs. */
  readonly meetingId: string | null
  /** That of the person's links when it was made: with another one it is revoked. */
  readonly generation: number
}

export interface CalendarsOptions extends CalendarTerms {
  readonly linkSecret: string
  /** Where clients reach this server. */
  readonly base: () => string
}

export function createCalendars({ linkSecret, base, ...terms }: CalendarsOptions): Calendars {
  const signatures = createSignatures(linkSecret)
  return {
    terms,
    urlOf: ({ userId, meetingId, generation }) => `${base()}/calendars/${signatures.write(purpose, { userId, meetingId, generation })}.ics`,
    read: (token) => signatures.read(purpose, token),
    inTurn: createTurns(),
  }
}

const purpose = 'calendar'

/** By the person's id. */
export const calendarGenerationOf = defineLoader<string, number>('calendarGenerationOf', async ({ prisma }, ids) => {
  const rows = await prisma.calendarLinks.findMany({ where: { userId: { in: [...ids] } } })
  const byUser = new Map(rows.map(({ userId, generation }) => [userId, generation]))
  return ids.map((id) => byUser.get(id) ?? 0)
})

/** Within a transaction that holds the person's inbox: all links to their calendars end. */
export async function revokeCalendarLinksIn({ rows }: Transaction, userId: string): Promise<void> {
  await runBy(rows)(
    `insert into calendar_links (user_id, generation) values ($1::uuid, 1)
     on conflict (user_id) do update set generation = calendar_links.generation + 1`,
    [userId],
  )
}
