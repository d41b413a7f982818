import { randomBytes } from 'node:crypto'
import { type ExecutionResult, execute, parse, validate } from 'graphql'
import { schema } from '../../../src/features/schema.ts'
import type { Actor } from '../../../src/graphql/actor.ts'
import { type Client, createContext, noClient, type Services } from '../../../src/graphql/context.ts'
import { type APerson, type Domain, nobody } from '../../support/domain.ts'

/** Somebody's browser: whoever signs in on it stays signed in. */
export interface Device {
  readonly actor: Actor
  run<Data = Record<string, unknown>>(document: string, variables?: Record<string, unknown>): Promise<ExecutionResult<Data>>
}

export function aDevice(domain: Domain, instead: Partial<Services> = {}, client: Partial<Client> = {}): Device {
  let actor: Actor = nobody
  return {
    get actor() {
      return actor
    },
    async run<Data>(text: string, variableValues: Record<string, unknown> = {}) {
      const document = parse(text)
      const errors = validate(schema, document)
      if (errors.length > 0) throw new Error(errors.map((error) => error.message).join('\n'))
      const contextValue = createContext({ ...domain.services, ...instead }, actor, { ...noClient, ...client })
      const result = await execute({ schema, document, variableValues, contextValue })
      actor = contextValue.actor
      return result as ExecutionResult<Data>
    },
  }
}

export interface Credentials {
  readonly viewer: { id: string; email: string | null; inboxCursor: string; user: { id: string; handle: string; name: string } }
  readonly accessToken: string
  readonly accessTokenExpiresAt: string
  readonly refreshToken: string
}

const credentials = 'viewer { id email inboxCursor user { id handle name } } accessToken accessTokenExpiresAt refreshToken'
export const signUpDocument = `mutation ($input: SignUpInput!) { signUp(input: $input) { ${credentials} } }`
export const signInDocument = `mutation ($input: SignInInput!) { signIn(input: $input) { ${credentials} } }`
export const refreshDocument = `mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { ${credentials} } }`

export const aHandle = () => `u_${randomBytes(8).toString('hex')}`
export const aPassword = 'correct horse battery'

export interface SignUp {
  handle: string
  name: string
  password: string
  email?: string | null
}

export async function signUp(device: Device, input: Partial<SignUp> = {}): Promise<Credentials> {
  const whole = { handle: aHandle(), name: 'Ann', password: aPassword, ...input }
  return (await device.run<{ signUp: Credentials }>(signUpDocument, { input: whole })).data!.signUp
}

export function trySignIn(device: Device, handle: string, password = aPassword) {
  return device.run<{ signIn: Credentials }>(signInDocument, { input: { handle, password } })
}

export async function signIn(device: Device, handle: string, password = aPassword): Promise<Credentials> {
  return (await trySignIn(device, handle, password)).data!.signIn
}

export function tryRefresh(device: Device, refreshToken: string) {
  return device.run<{ refreshSession: Credentials }>(refreshDocument, { input: { refreshToken } })
}

export async function refresh(device: Device, refreshToken: string): Promise<Credentials> {
  return (await tryRefresh(device, refreshToken)).data!.refreshSession
}

/** The session that a device is signed in under. */
export function sessionOf({ actor }: Device): string {
  if (actor.kind !== 'person') throw new Error('Nobody is signed in on this device.')
  return actor.sessionId
}

export function personOf({ actor }: Device): string {
  return actor.id('a test asks')
}

/** Somebody who has signed up, with one device: a person as tests of other nouns have them, and a password besides. */
export interface SignedUp extends APerson {
  readonly device: Device
  readonly refreshToken: string
}

export async function aSignedUp(domain: Domain, name: string, handle = aHandle()): Promise<SignedUp> {
  const device = aDevice(domain)
  const { viewer, refreshToken } = await signUp(device, { name, handle })
  const { actor } = device
  if (actor.kind !== 'person') throw new Error('Nobody is signed in on this device.')
  return { id: personOf(device), globalId: viewer.user.id, handle: viewer.user.handle, actor, run: domain.as(actor), device, refreshToken }
}

export const closeDocument = 'mutation ($input: DeleteAccountInput!) { deleteAccount(input: $input) { deletedUserId } }'

export function closeAccount({ run }: Pick<APerson, 'run'>, password = aPassword) {
  return run<{ deleteAccount: { deletedUserId: string } }>(closeDocument, { input: { password } })
}
