import type { Client, Services } from '../../graphql/context.ts'
import { badInput, conflict, unauthenticated } from '../../lib/refusal.ts'
import { requireName, requireText } from '../../lib/text.ts'
import { uuid } from '../../lib/uuid.ts'
import type { User } from '../../store/generated/prisma/client.ts'
import { revokeCalendarLinksIn } from '../calendars/links.ts'
import { type AvatarChange, changeAvatarIn, prepareAvatar } from '../uploads/avatars.ts'
import { viewerUpdated } from './events.ts'
import { handlePattern, tombstonePrefix } from './queries.ts'
import { changedMeanwhile, withRightPassword } from './right-password.ts'
import { type Credentials, endSessionsIn, forgetAll, issue, startSessionIn } from './session-commands.ts'

export interface SignUp {
  readonly handle: string
  readonly name: string
  readonly password: string
  readonly email?: string | null | undefined
}

/** Makes the person, their account and their inbox, and signs them in. Of several who want a handle at once, one gets it. */
export async function signUp(services: Services, client: Client, input: SignUp): Promise<Credentials> {
  const { database, limits, passwords, rates, transact } = services
  const handle = requireHandle(input.handle)
  const name = requireName(input.name, 'name', limits.nameCharacters)
  const password = requireText(input.password, { field: 'password', least: limits.passwordLeast, most: limits.passwordMost })
  const email = input.email == null ? null : requireEmail(input.email)
  await rates.spend('signUp', client.address)
  // Asked before, only to spare the hashing; what decides is the insert.
  if (await database.prisma.user.findUnique({ where: { handle }, select: { id: true } })) throw handleTaken()
  const passwordHash = await passwords.hash(password)
  const { bearer } = await transact([], async (tx) => {
    const id = uuid()
    const { count } = await tx.rows.user.createMany({ data: { id, handle, name, createdAt: tx.at }, skipDuplicates: true })
    if (count === 0) throw handleTaken()
    await tx.rows.account.create({ data: { userId: id, email, passwordHash } })
    await tx.openStream(id)
    return startSessionIn(tx, services, id, client)
  })
  return issue(services, bearer)
}

/** Whether there is such an account shows neither in the answer nor in the time it takes. */
export async function signIn(services: Services, client: Client, input: { handle: string; password: string }): Promise<Credentials> {
  const { limits, rates, transact } = services
  const handle = requireText(input.handle, { field: 'handle', most: handleMost }).toLowerCase()
  const password = requireText(input.password, { field: 'password', most: limits.passwordMost })
  // The address first: one that has used up its own attempts cannot use up a handle's.
  await rates.spend('signIn', `address ${client.address}`)
  await rates.spend('signIn', `handle ${handle}`)
  const { bearer, endedIds } = await withRightPassword(services, { user: { handle } }, password, async (account, rehash) => {
    const newHash = await rehash()
    return transact([account.userId], async (tx) => {
      const now = await tx.rows.account.findUnique({ where: { userId: account.userId } })
      if (now?.passwordHash !== account.passwordHash) return changedMeanwhile
      if (newHash) await tx.rows.account.update({ where: { userId: account.userId }, data: { passwordHash: newHash } })
      // Their other devices see this one come.
      tx.append(account.userId, viewerUpdated({}))
      return startSessionIn(tx, services, account.userId, client)
    })
  })
  forgetAll(services, endedIds)
  return issue(services, bearer)
}

/** Ends all other sessions, and links to calendars: whoever knew the old password is out. */
export async function changePassword(
  services: Services,
  person: { id: string; sessionId: string },
  input: { currentPassword: string; newPassword: string },
): Promise<void> {
  const { limits, passwords, rates, transact } = services
  const current = requireText(input.currentPassword, { field: 'currentPassword', most: limits.passwordMost })
  const wanted = requireText(input.newPassword, { field: 'newPassword', least: limits.passwordLeast, most: limits.passwordMost })
  await rates.spend('signIn', `person ${person.id}`)
  const endedIds = await withRightPassword(services, { userId: person.id }, current, async (account) => {
    const passwordHash = await passwords.hash(wanted)
    return transact([person.id], async (tx) => {
      const { count } = await tx.rows.account.updateMany({
        where: { userId: person.id, passwordHash: account.passwordHash },
        data: { passwordHash },
      })
      if (count === 0) return changedMeanwhile
      await revokeCalendarLinksIn(tx, person.id)
      return endSessionsIn(tx, person.id, { except: person.sessionId, actorId: person.id })
    })
  })
  forgetAll(services, endedIds)
}

/** What is absent stays. */
export interface Profile {
  readonly name?: string | null | undefined
  readonly email?: string | null | undefined
  /** The id of a picture of theirs. */
  readonly avatarId?: AvatarChange
}

/** Answers the person as they are now. */
export async function updateProfile(services: Services, personId: string, input: Profile): Promise<User> {
  if (input.name === null) throw badInput('name', 'Everybody has a name: leave it out, and it stays as it is.')
  const name = input.name === undefined ? undefined : requireName(input.name, 'name', services.limits.nameCharacters)
  const email = input.email == null ? input.email : requireEmail(input.email)
  const where = { id: personId }
  if (name === undefined && email === undefined && input.avatarId === undefined)
    return services.database.prisma.user.findUniqueOrThrow({ where })
  await prepareAvatar(services, personId, personId, input.avatarId)
  let released: readonly string[] = []
  const user = await services.transact([personId], async (tx) => {
    if ((await tx.rows.account.count({ where: { userId: personId } })) === 0) throw unauthenticated('This account is closed.')
    if (email !== undefined) await tx.rows.account.updateMany({ where: { userId: personId }, data: { email } })
    released = (await changeAvatarIn(tx, personId, personId, input.avatarId)).released
    tx.append(personId, viewerUpdated({}))
    return name === undefined ? tx.rows.user.findUniqueOrThrow({ where }) : tx.rows.user.update({ where, data: { name } })
  })
  services.uploads.discard(released)
  return user
}

const handleMost = 32
const handleTaken = () => conflict('This handle is taken.', 'handle')

function requireHandle(handle: string): string {
  requireText(handle, { field: 'handle', least: 2, most: handleMost })
  if (!handlePattern.test(handle)) throw badInput('handle', 'Lower case letters, digits and _, please: 2 to 32 of them.')
  if (handle.startsWith(tombstonePrefix))
    throw badInput('handle', `Handles that begin with ${tombstonePrefix} are left to closed accounts.`)
  return handle
}

function requireEmail(email: string): string {
  requireText(email, { field: 'email', most: 254 })
  if (!/^[^\s@]+@[^\s@]+$/.test(email)) throw badInput('email', 'This is not an e-mail address.')
  return email
}
