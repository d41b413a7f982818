import type { Services } from '../../graphql/context.ts'
import type { Fact, Transaction } from '../../store/transact.ts'
import { type RoomNature, readNatures } from './queries.ts'

/** Where it is told what becomes of a room: in its stream, and of a public channel in its team's too. That never changes. */
export async function streamsOf({ database }: Services, roomId: string): Promise<string[]> {
  const [nature] = await readNatures(database, [roomId])
  const teamId = nature ? teamHearingOf(nature) : null
  return teamId ? [roomId, teamId] : [roomId]
}

/** Within a transaction that holds these streams: the team's part of it. */
export function tellTeamIn(tx: Transaction, room: RoomNature, fact: Fact): void {
  const teamId = teamHearingOf(room)
  if (teamId !== null) tx.append(teamId, fact)
}

function teamHearingOf({ teamId, isPrivate }: RoomNature): string | null {
  return isPrivate ? null : teamId
}
