import { randomBytes } from 'node:crypto'
import type { Services } from '../../graphql/context.ts'
import { requireText } from '../../lib/text.ts'
import type { Prisma } from '../../store/generated/prisma/client.ts'
import { type Transaction, transactFound } from '../../store/transact.ts'
import { unblockAllIn } from '../blocks/closing.ts'
import { revokeCalendarLinksIn } from '../calendars/links.ts'
import { forgetPresenceIn } from '../presence/closing.ts'
import { quitRoomsIn, roomIdsOf } from '../rooms/closing.ts'
import { quitTeamsIn, teamIdsOf } from '../teams/closing.ts'
import { removeAvatarIn } from '../uploads/avatars.ts'
import { accountClosed } from './events.ts'
import { tombstonePrefix } from './queries.ts'
import { changedMeanwhile, withRightPassword } from './right-password.ts'
import { endSessionsIn, forgetAll } from './session-commands.ts'

/**
 * Ends everything the person has, by one commit: sessions, memberships, blocks, picture, e-mail address and password. What they said and did stays, as
 * that of somebody without a name. Their handle may be taken by whoever signs up next.
 */
export async function deleteAccount(services: Services, personId: string, input: { password: string }): Promise<void> {
  const { limits, rates } = services
  const password = requireText(input.password, { field: 'password', most: limits.passwordMost })
  await rates.spend('signIn', `person ${personId}`)
  let released: readonly string[] = []
  const endedIds = await withRightPassword(services, { userId: personId }, password, ({ passwordHash }) =>
    transactFound(
      services,
      (rows) => streamsOfClosing(rows, personId),
      async (tx) => {
        const now = await tx.rows.account.findUnique({ where: { userId: personId } })
        if (now?.passwordHash !== passwordHash) return changedMeanwhile
        released = await removeAvatarIn(tx, personId)
        return closeIn(tx, personId)
      },
    ),
  )
  forgetAll(services, endedIds)
  services.uploads.discard(released)
}

async function streamsOfClosing(rows: Prisma.TransactionClient, personId: string): Promise<string[]> {
  return [personId, ...(await roomIdsOf(rows, personId)), ...(await teamIdsOf(rows, personId))]
}

/** Answers the sessions that have ended by this. */
async function closeIn(tx: Transaction, personId: string): Promise<string[]> {
  // First in the inbox, so that their devices hear of it before their connections end.
  tx.append(personId, accountClosed({}))
  const endedIds = await endSessionsIn(tx, personId, { actorId: personId })
  await revokeCalendarLinksIn(tx, personId)
  await quitTeamsIn(tx, personId)
  await quitRoomsIn(tx, personId)
  await unblockAllIn(tx, personId)
  await tx.rows.session.deleteMany({ where: { userId: personId } })
  await tx.rows.account.delete({ where: { userId: personId } })
  await tx.rows.user.update({ where: { id: personId }, data: tombstoneOf(tx.at) })
  // After the person, as `writeSeen` locks them: neither waits for the other.
  await forgetPresenceIn(tx, personId)
  return endedIds
}

/** A name for clients to show that know nothing of tombstones; a handle that is nobody's, and unlike any other. */
function tombstoneOf(deletedAt: Date): Prisma.UserUpdateInput {
  return { name: 'Deleted account', handle: `${tombstonePrefix}${randomBytes(12).toString('hex')}`, deletedAt }
}
