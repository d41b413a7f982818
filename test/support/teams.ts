import type { TeamRole } from '../../src/store/generated/prisma/client.ts'
import type { APerson } from './domain.ts'
import { type ARoom, named } from './rooms.ts'

/** A team as tests name it: by the id that clients use, and by the row's. */
export interface ATeam {
  readonly id: string
  readonly globalId: string
  /** The channel that everybody joins with the team. */
  readonly general: ARoom
}

/** A team that `lead` makes and adds the others to. */
export async function aTeam(lead: APerson, ...others: APerson[]): Promise<ATeam> {
  const { createTeam } = await done<{ createTeam: { team: { id: string }; channel: { id: string } } }>(
    lead,
    'mutation { createTeam(input: { name: "Crew" }) { team { id } channel { id } } }',
  )
  const team = { ...named(createTeam.team.id), general: named(createTeam.channel.id) }
  for (const person of others) await addToTeam(lead, team, person)
  return team
}

export async function addToTeam(lead: APerson, team: ATeam, person: APerson, role: TeamRole = 'MEMBER'): Promise<void> {
  await done(lead, 'mutation ($input: AddTeamMemberInput!) { addTeamMember(input: $input) { team { id } } }', {
    input: { teamId: team.globalId, userId: person.globalId, role },
  })
}

/** A channel that somebody of the team makes, with the others in it. */
export async function aChannel(team: ATeam, maker: APerson, { isPrivate = false, members = [] as APerson[] } = {}): Promise<ARoom> {
  const { createChannel } = await done<{ createChannel: { channel: { id: string } } }>(
    maker,
    'mutation ($input: CreateChannelInput!) { createChannel(input: $input) { channel { id } } }',
    { input: { teamId: team.globalId, name: isPrivate ? 'secrets' : 'news', isPrivate } },
  )
  const channel = named(createChannel.channel.id)
  for (const { globalId } of members)
    await done(maker, 'mutation ($input: AddRoomMemberInput!) { addRoomMember(input: $input) { room { id } } }', {
      input: { roomId: channel.globalId, userId: globalId },
    })
  return channel
}

async function done<Data>(person: APerson, document: string, variables?: Record<string, unknown>): Promise<Data> {
  const { data, errors } = await person.run<Data>(document, variables)
  if (errors) throw errors[0]
  return data!
}
