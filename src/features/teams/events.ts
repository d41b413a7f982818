import { defineFact } from '../../graphql/facts.ts'
import { userById } from '../accounts/queries.ts'
import { teamById, teamMemberById } from './queries.ts'

interface AboutTeamMember extends Record<string, unknown> {
  teamId: string
  memberId: string
  userId: string
  actorId: string
}

// In the team's stream.

export const teamUpdated = defineFact<{ teamId: string; actorId: string }>('TeamUpdated', {
  refersTo: ({ teamId, actorId }) => [
    [teamById, teamId],
    [userById, actorId],
  ],
})

export const teamMemberJoined = defineFact<AboutTeamMember>('TeamMemberJoined', { refersTo: refersToMember })

/** `wasRemoved`: by somebody else; otherwise they left. */
export const teamMemberLeft = defineFact<AboutTeamMember & { wasRemoved: boolean }>('TeamMemberLeft', {
  refersTo: ({ teamId, userId, actorId }) => [[teamById, teamId], ...people(userId, actorId)],
})

export const teamMemberUpdated = defineFact<AboutTeamMember>('TeamMemberUpdated', { refersTo: refersToMember })

// In a person's inbox.

export const teamAdded = defineFact<{ teamId: string; memberId: string }>('TeamAdded', {
  refersTo: ({ teamId, memberId }) => [
    [teamById, teamId],
    [teamMemberById, memberId],
  ],
})

/** Public channels that they follow without being in them tell them of no end: this does. */
export const teamRemoved = defineFact<{ teamId: string; wasRemoved: boolean }>('TeamRemoved', { refersTo: () => [], takesRights: 'untold' })

function refersToMember({ teamId, memberId, userId, actorId }: AboutTeamMember) {
  return [[teamById, teamId] as const, [teamMemberById, memberId] as const, ...people(userId, actorId)]
}

function people(...userIds: string[]) {
  return [...new Set(userIds)].map((id) => [userById, id] as const)
}
