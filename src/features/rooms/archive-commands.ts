import type { Services } from '../../graphql/context.ts'
import { forbidden } from '../../lib/refusal.ts'
import { dropFromCallsIn } from '../calls/dropping.ts'
import { channelArchived, channelUnarchived } from './channel-events.ts'
import { roomArchived, roomUnarchived } from './events.ts'
import { canArchive } from './policy.ts'
import { onlyForThoseWhoRunIt, requireScene } from './scene.ts'
import { streamsOf, tellTeamIn } from './telling.ts'

/**
 * Closes a room to everything new: to whom and what, the policy says. An archived one stays as it is, and nobody hears of it. As many hear of
 * it as of a message, so it counts as a send.
 */
export function archiveRoom(services: Services, person: string, roomId: string): Promise<void> {
  return setArchived(services, person, roomId, true)
}

/** Opens it again, as it was. */
export function unarchiveRoom(services: Services, person: string, roomId: string): Promise<void> {
  return setArchived(services, person, roomId, false)
}

async function setArchived(services: Services, person: string, roomId: string, shallBe: boolean): Promise<void> {
  const known = await requireScene(services.database.prisma, roomId, person)
  if (canArchive(known.mine) && known.mine.isArchived !== shallBe) await services.rates.spend('send', person)

  const streams = await streamsOf(services, roomId)
  await services.transact([...streams, person], async (tx) => {
    const { room, mine } = await requireScene(tx.rows, roomId, person)
    if (!canArchive(mine)) throw forbidden(room.kind === 'DIRECT' ? 'A direct room cannot be archived.' : onlyForThoseWhoRunIt)
    if (mine.isArchived === shallBe) return
    await tx.rows.room.update({ where: { id: roomId }, data: { archivedAt: shallBe ? tx.at : null } })
    if (shallBe) await dropFromCallsIn(tx, { roomIds: [roomId] })
    const about = { roomId, actorId: person }
    tx.append(roomId, shallBe ? roomArchived(about) : roomUnarchived(about))
    tellTeamIn(tx, room, shallBe ? channelArchived(about) : channelUnarchived(about))
  })
}
