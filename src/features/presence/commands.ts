import type { Services } from '../../graphql/context.ts'
import { badInput } from '../../lib/refusal.ts'
import { requireName } from '../../lib/text.ts'
import type { PresenceStatus } from '../../store/generated/prisma/client.ts'
import { viewerUpdated } from '../accounts/events.ts'

export interface SetPresence {
  readonly status: PresenceStatus
  /** Absent it stays as it is, null clears it. */
  readonly text?: string | null | undefined
  readonly until?: Date | null | undefined
}

/** What somebody wants to be shown as while they are there; on their own devices it is heard of at once. What it was already is no event. */
export async function setPresence(services: Services, personId: string, input: SetPresence): Promise<void> {
  const { presence, limits } = services
  const given = input.text == null ? input.text : requireName(input.text, 'text', limits.presenceCharacters)
  const hasChanged = await services.transact([personId], async (tx) => {
    if (input.until && input.until <= tx.at) throw badInput('until', 'This has passed: name a time in the future, or null.')
    const row = await tx.rows.presence.findUnique({ where: { userId: personId } })
    // What has lapsed is as if it had never been.
    const before = row && (row.until === null || row.until > tx.at) ? row : unset
    const text = given === undefined ? before.text : given
    const until = input.until === undefined ? before.until : input.until
    const { status } = input
    const isSame = status === before.status && text === before.text && until?.getTime() === before.until?.getTime()
    if (isSame) return false
    // From now on they look as if they were gone.
    const hides = status === 'OFFLINE' && before.status !== 'OFFLINE'
    const data = { status, text, until, ...(hides && { lastSeenAt: tx.at }) }
    await tx.rows.presence.upsert({ where: { userId: personId }, create: { userId: personId, ...data }, update: data })
    tx.append(personId, viewerUpdated({}))
    return true
  })
  if (hasChanged) presence.ring(personId)
}

const unset = { status: 'ONLINE', text: null, until: null } as const
