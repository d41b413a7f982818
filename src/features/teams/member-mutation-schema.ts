import { builder } from '../../graphql/builder.ts'
import type { Context } from '../../graphql/context.ts'
import { encodeId, rowId } from '../../graphql/ids.ts'
import type { TeamMember as MemberRow } from '../../store/generated/prisma/client.ts'
import { userById } from '../accounts/queries.ts'
import { User } from '../accounts/schema.ts'
import { requireTeam, seeTeam } from './access.ts'
import { addTeamMember, removeTeamMember, setTeamRole } from './member-commands.ts'
import { TeamMember } from './member-schema.ts'
import { teamMemberById, teamMembershipOf } from './queries.ts'
import { Team, TeamRole } from './schema.ts'

/** Who writes, and about whom in which team. */
function readInput(context: Context, input: { teamId: string; userId: string }) {
  const person = context.actor.id('who writes')
  const userId = rowId(input.userId, 'User', 'userId')
  return { person, target: { teamId: rowId(input.teamId, 'Team', 'teamId'), userId } }
}

/** What was read before the write is gone, and what the command answered is known. */
function refresh({ loaders }: Context, member: MemberRow): MemberRow {
  loaders.forget()
  loaders.prime(teamMemberById, member.id, member)
  if (member.leftAt === null) loaders.prime(teamMembershipOf, member, member)
  return member
}

const AddTeamMemberInput = builder.inputType('AddTeamMemberInput', {
  description: 'Whom to add, where, and as what.',
  fields: (t) => ({
    teamId: t.id({ required: true, description: 'The id of a team.' }),
    userId: t.id({ required: true, description: 'The id of the person to add.' }),
    role: t.field({ type: TeamRole, defaultValue: 'MEMBER', description: 'The role they shall have. Who is in already keeps theirs.' }),
  }),
})

const AddTeamMemberPayload = builder.objectRef<MemberRow>('AddTeamMemberPayload').implement({
  description: 'The new member.',
  fields: (t) => ({
    member: t.field({ type: TeamMember, description: 'The membership.', resolve: (member) => member }),
    team: t.field({ type: Team, description: 'The team.', resolve: ({ teamId }, _args, context) => requireTeam(context, teamId) }),
  }),
})

builder.mutationField('addTeamMember', (t) =>
  t.field({
    type: AddTeamMemberPayload,
    description:
      'Adds a person to a team, and to its channel "general" unless that is archived: for its leads. Adding who is in already changes nothing. Who comes back has none of their old channels and roles.',
    args: { input: t.arg({ type: AddTeamMemberInput, required: true, description: 'Whom to add, where, and as what.' }) },
    async resolve(_root, { input }, context) {
      const { person, target } = readInput(context, input)
      return refresh(context, await addTeamMember(context.services, person, { ...target, role: input.role ?? 'MEMBER' }))
    },
  }),
)

const RemoveTeamMemberInput = builder.inputType('RemoveTeamMemberInput', {
  description: 'Whom to remove, and where.',
  fields: (t) => ({
    teamId: t.id({ required: true, description: 'The id of a team.' }),
    userId: t.id({ required: true, description: "The id of the person to remove; the viewer's own to leave." }),
  }),
})

const RemoveTeamMemberPayload = builder.objectRef<MemberRow>('RemoveTeamMemberPayload').implement({
  description: 'Who is gone, and from where.',
  fields: (t) => ({
    user: t.field({
      type: User,
      description: 'The person.',
      resolve: async ({ userId }, _args, { loaders }) => (await loaders.load(userById, userId))!,
    }),
    memberId: t.id({ description: 'The id of the membership that has ended.', resolve: ({ id }) => encodeId('TeamMember', id) }),
    team: t.field({
      type: Team,
      nullable: true,
      description: 'The team; null when the viewer can no longer see it.',
      resolve: ({ teamId }, _args, context) => seeTeam(context, teamId),
    }),
  }),
})

builder.mutationField('removeTeamMember', (t) =>
  t.field({
    type: RemoveTeamMemberPayload,
    description:
      'Removes a person from a team and all its channels: for its leads, or oneself to leave. The only lead cannot leave a team that others are in.',
    args: { input: t.arg({ type: RemoveTeamMemberInput, required: true, description: 'Whom to remove, and where.' }) },
    async resolve(_root, { input }, context) {
      const { person, target } = readInput(context, input)
      return refresh(context, await removeTeamMember(context.services, person, target))
    },
  }),
)

const SetTeamRoleInput = builder.inputType('SetTeamRoleInput', {
  description: 'Whose role in a team, and which.',
  fields: (t) => ({
    teamId: t.id({ required: true, description: 'The id of a team.' }),
    userId: t.id({ required: true, description: 'The id of one of its people.' }),
    role: t.field({ type: TeamRole, required: true, description: 'The role they shall have.' }),
  }),
})

const SetTeamRolePayload = builder.objectRef<MemberRow>('SetTeamRolePayload').implement({
  description: 'The member in their role.',
  fields: (t) => ({
    member: t.field({ type: TeamMember, description: 'The membership.', resolve: (member) => member }),
    team: t.field({ type: Team, description: 'The team.', resolve: ({ teamId }, _args, context) => requireTeam(context, teamId) }),
  }),
})

builder.mutationField('setTeamRole', (t) =>
  t.field({
    type: SetTeamRolePayload,
    description: 'Makes a member a lead, or a lead a plain member: for leads. The last lead stays one.',
    args: { input: t.arg({ type: SetTeamRoleInput, required: true, description: 'Whose role, and which.' }) },
    async resolve(_root, { input }, context) {
      const { person, target } = readInput(context, input)
      return refresh(context, await setTeamRole(context.services, person, { ...target, role: input.role }))
    },
  }),
)
