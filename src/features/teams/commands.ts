import type { Services } from '../../graphql/context.ts'
import { sha256 } from '../../lib/hash.ts'
import { badInput, conflict, forbidden } from '../../lib/refusal.ts'
import { requireName, requireText } from '../../lib/text.ts'
import { uuid } from '../../lib/uuid.ts'
import { isTaken } from '../../store/failures.ts'
import { type NoncedWrite, resultBefore, transactOnce } from '../../store/nonces.ts'
import type { Transaction } from '../../store/transact.ts'
import { requireUser } from '../accounts/scene.ts'
import { reach } from '../blocks/reach.ts'
import { openRoomIn } from '../rooms/opening.ts'
import { teamAdded, teamUpdated } from './events.ts'
import { canUpdateTeam } from './policy.ts'
import { onlyItsLeads, requireTeamScene } from './scene.ts'
import { requireSlug, slugsFor } from './slugs.ts'

export interface CreateTeam {
  readonly name: string
  readonly slug?: string | null | undefined
  readonly nonce?: string | null | undefined
}

/** Whoever makes it leads it, and its channel "general". A nonce used before gives the team that was made then. */
export async function createTeam(services: Services, person: string, input: CreateTeam): Promise<string> {
  const { limits } = services
  const name = requireName(input.name, 'name', limits.nameCharacters)
  const slug = input.slug == null ? null : requireSlug(input.slug, limits.nameCharacters)
  const nonce = input.nonce == null ? undefined : requireText(input.nonce, { field: 'nonce', most: limits.nonceCharacters })
  const inputHash = sha256(JSON.stringify({ name, slug }))
  const write: NoncedWrite = { userId: person, mutation: 'createTeam', place: '', nonce, inputHash }
  const known = await resultBefore(services.database.prisma, write)
  if (known !== undefined) return known

  await reach(services, person)
  return transactOnce(services, write, [], async (tx) => {
    await requireUser(tx.rows, person)
    const teamId = await insertTeam(
      tx,
      { name, createdById: person, memberCount: 1 },
      slug ? [slug] : slugsFor(name, limits.nameCharacters),
    )
    await tx.openStream(teamId)
    const memberId = uuid()
    await tx.rows.teamMember.create({ data: { id: memberId, teamId, userId: person, role: 'LEAD', joinedAt: tx.at } })
    // The team comes before its channel, so that whoever follows the inbox knows whose it is.
    tx.append(person, teamAdded({ teamId, memberId }))
    await openRoomIn(tx, { kind: 'CHANNEL', name: 'general', teamId, isGeneral: true, createdById: person }, { [person]: 'ADMIN' })
    return teamId
  })
}

/** With the first of these slugs that nobody has. Whoever takes the same one at the same time is waited for: one of them gets it. */
async function insertTeam(
  { rows, at }: Transaction,
  team: { name: string; createdById: string; memberCount: number },
  slugs: Iterable<string>,
): Promise<string> {
  const id = uuid()
  for (const slug of slugs) {
    const { count } = await rows.team.createMany({ data: { ...team, id, slug, createdAt: at }, skipDuplicates: true })
    if (count === 1) return id
  }
  throw slugTaken()
}

export interface UpdateTeam {
  readonly teamId: string
  readonly name?: string | null | undefined
  readonly slug?: string | null | undefined
}

/** By leads. What is absent stays. */
export async function updateTeam(services: Services, person: string, { teamId, ...input }: UpdateTeam): Promise<void> {
  const { nameCharacters } = services.limits
  if (input.name === null) throw badInput('name', 'A team has to have a name.')
  if (input.slug === null) throw badInput('slug', 'A team has to have a slug.')
  const changes = {
    ...(input.name !== undefined && { name: requireName(input.name, 'name', nameCharacters) }),
    ...(input.slug !== undefined && { slug: requireSlug(input.slug, nameCharacters) }),
  }
  await services.transact([teamId, person], async (tx) => {
    const { team, mine } = await requireTeamScene(tx.rows, teamId, person)
    if (!canUpdateTeam(mine.role)) throw forbidden(onlyItsLeads)
    const next = { ...team, ...changes }
    if (next.name === team.name && next.slug === team.slug) return
    try {
      await tx.rows.team.update({ where: { id: teamId }, data: changes })
    } catch (error) {
      throw isTaken(error) ? slugTaken() : error
    }
    tx.append(teamId, teamUpdated({ teamId, actorId: person }))
  })
}

const slugTaken = () => conflict('This slug is taken.', 'slug')
