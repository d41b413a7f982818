import type { Services } from '../../graphql/context.ts'
import type { NotificationLevel, RoomMember } from '../../store/generated/prisma/client.ts'
import { viewerUpdated } from '../accounts/events.ts'
import { requireMember, requireScene } from './scene.ts'

export interface SetNotificationLevel {
  readonly roomId: string
  readonly level: NotificationLevel
}

/**
 * One's own, in rooms one is in: nobody else hears of it. Their inbox is lock enough, since whoever takes them into a room or out of it holds
 * it too.
 */
export async function setNotificationLevel(
  services: Services,
  person: string,
  { roomId, level }: SetNotificationLevel,
): Promise<RoomMember> {
  return services.transact([person], async (tx) => {
    const member = requireMember(await requireScene(tx.rows, roomId, person))
    if (member.notificationLevel === level) return member
    tx.append(person, viewerUpdated({ roomId }))
    return tx.rows.roomMember.update({ where: { id: member.id }, data: { notificationLevel: level } })
  })
}
