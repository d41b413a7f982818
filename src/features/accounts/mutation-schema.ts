import { Person } from '../../graphql/actor.ts'
import { builder } from '../../graphql/builder.ts'
import type { Context } from '../../graphql/context.ts'
import { rowId } from '../../graphql/ids.ts'
import type { User as UserRow } from '../../store/generated/prisma/client.ts'
import { changePassword, signIn, signUp, updateProfile } from './commands.ts'
import { requirePerson } from './policy.ts'
import { readViewer, userById } from './queries.ts'
import { User, Viewer } from './schema.ts'
import { type Credentials, refreshSession, revokeSession, signOut } from './session-commands.ts'

/** The viewer as they are after what was done, which is read when the payload is. */
async function viewerNow(context: Context) {
  return (await readViewer(context, context.actor.id('the viewer of a payload')))!
}

const AuthPayload = builder.objectRef<Credentials>('AuthPayload').implement({
  description: 'Somebody is signed in: who, and what to prove it with.',
  fields: (t) => ({
    viewer: t.field({
      type: Viewer,
      description: 'The person who is now signed in.',
      resolve: (_credentials, _args, context) => viewerNow(context),
    }),
    accessToken: t.exposeString('accessToken', {
      description: 'To be sent with requests as `authorization: Bearer …`, and in the `connection_init` of sockets.',
    }),
    accessTokenExpiresAt: t.expose('accessTokenExpiresAt', {
      type: 'DateTime',
      description: 'When the access token stops being good: refresh the session before.',
    }),
    refreshToken: t.exposeString('refreshToken', {
      description: 'Good for one `refreshSession`, which gives the next. Keep it secret: whoever has it is signed in.',
    }),
  }),
})

/** What follows in the same operation is done as the person who has just signed in. */
function becomes(context: Context, credentials: Credentials): Credentials {
  context.actor = new Person(credentials.personId, credentials.sessionId)
  context.loaders.forget()
  return credentials
}

const SignUpInput = builder.inputType('SignUpInput', {
  description: 'What a new account begins with.',
  fields: (t) => ({
    handle: t.string({ required: true, description: 'Lower case letters, digits and _, 2 to 32 of them. Nobody else may have it.' }),
    name: t.string({ required: true, description: 'What others see: 1 to 80 characters.' }),
    password: t.string({ required: true, description: '8 to 256 characters.' }),
    email: t.string({ description: 'At most 254 characters. Only the viewer ever sees it.' }),
  }),
})

const SignInInput = builder.inputType('SignInInput', {
  description: 'Who one claims to be.',
  fields: (t) => ({
    handle: t.string({ required: true, description: 'The handle of the account.' }),
    password: t.string({ required: true, description: 'Its password.' }),
  }),
})

const RefreshSessionInput = builder.inputType('RefreshSessionInput', {
  description: 'What a session is continued with.',
  fields: (t) => ({
    refreshToken: t.string({
      required: true,
      description:
        'The last one received. Used a second time within 30 s it gives the same answer again; later it ends the session, since somebody else must have it.',
    }),
  }),
})

const SignOutInput = builder.inputType('SignOutInput', {
  description: 'How much to sign out of.',
  fields: (t) => ({
    everywhere: t.boolean({
      defaultValue: false,
      description: 'Whether to end all sessions of the viewer, and their links to calendars, and not only this session.',
    }),
  }),
})

const RevokeSessionInput = builder.inputType('RevokeSessionInput', {
  description: 'Which session to end.',
  fields: (t) => ({
    sessionId: t.id({ required: true, description: 'One of the viewer’s sessions. One that has ended already stays so.' }),
  }),
})

const ChangePasswordInput = builder.inputType('ChangePasswordInput', {
  description: 'The password of now and the next.',
  fields: (t) => ({
    currentPassword: t.string({ required: true, description: 'The password of now.' }),
    newPassword: t.string({ required: true, description: '8 to 256 characters.' }),
  }),
})

const UpdateProfileInput = builder.inputType('UpdateProfileInput', {
  description: 'What to change: what is absent stays as it is.',
  fields: (t) => ({
    name: t.string({ description: 'What others see: 1 to 80 characters. It cannot be cleared.' }),
    email: t.string({ description: 'At most 254 characters; null clears it.' }),
    avatarId: t.id({
      description: 'The id of a picture that the viewer has put, and that is READY and not in use; null takes their picture away.',
    }),
  }),
})

const SignOutPayload = builder.objectRef<{ endedSessions: number }>('SignOutPayload').implement({
  description: 'One is signed out. The rest of the same operation is still answered.',
  fields: (t) => ({ endedSessions: t.exposeInt('endedSessions', { description: 'How many sessions have ended by this.' }) }),
})

const RevokeSessionPayload = builder.objectRef<object>('RevokeSessionPayload').implement({
  description: 'The session has ended, with its sockets and requests.',
  fields: (t) => ({
    viewer: t.field({
      type: Viewer,
      description: 'With the sessions that are left.',
      resolve: (_done, _args, context) => viewerNow(context),
    }),
  }),
})

const ChangePasswordPayload = builder.objectRef<object>('ChangePasswordPayload').implement({
  description: 'The password is the new one.',
  fields: (t) => ({
    viewer: t.field({
      type: Viewer,
      description: 'With the one session that is left: this one.',
      resolve: (_done, _args, context) => viewerNow(context),
    }),
  }),
})

const UpdateProfilePayload = builder.objectRef<UserRow>('UpdateProfilePayload').implement({
  description: 'The profile is changed.',
  fields: (t) => ({
    viewer: t.field({ type: Viewer, description: 'As they see themselves.', resolve: (_user, _args, context) => viewerNow(context) }),
    user: t.field({ type: User, description: 'As others see them.', resolve: (user) => user }),
  }),
})

builder.mutationFields((t) => ({
  signUp: t.field({
    type: AuthPayload,
    description: 'Makes an account and signs in. CONFLICT when the handle is taken.',
    args: { input: t.arg({ type: SignUpInput, required: true, description: 'The new account.' }) },
    resolve: async (_root, { input }, context) => becomes(context, await signUp(context.services, context.client, input)),
  }),
  signIn: t.field({
    type: AuthPayload,
    description: 'Begins a session on this device. UNAUTHENTICATED when handle and password do not match.',
    args: { input: t.arg({ type: SignInInput, required: true, description: 'Handle and password.' }) },
    resolve: async (_root, { input }, context) => becomes(context, await signIn(context.services, context.client, input)),
  }),
  refreshSession: t.field({
    type: AuthPayload,
    description:
      'Continues a session with new tokens. On a socket that runs under this session it also moves the time at which the socket would close.',
    args: { input: t.arg({ type: RefreshSessionInput, required: true, description: 'The refresh token.' }) },
    async resolve(_root, { input }, context) {
      const credentials = becomes(context, await refreshSession(context.services, input))
      context.client.prolong?.(credentials.sessionId, credentials.accessTokenExpiresAt)
      return credentials
    },
  }),
  signOut: t.field({
    type: SignOutPayload,
    description: 'Ends this session, or all of them: their requests are refused and their sockets closed, on every node, within a second.',
    args: { input: t.arg({ type: SignOutInput, description: 'Absent: this session only.' }) },
    async resolve(_root, { input }, { actor, services, loaders }) {
      const endedSessions = await signOut(services, requirePerson(actor), { everywhere: input?.everywhere ?? false })
      loaders.forget()
      return { endedSessions }
    },
  }),
  revokeSession: t.field({
    type: RevokeSessionPayload,
    description: 'Ends a session of the viewer, such as that of a lost device.',
    args: { input: t.arg({ type: RevokeSessionInput, required: true, description: 'Which one.' }) },
    async resolve(_root, { input }, { actor, services, loaders }) {
      const personId = requirePerson(actor).id('revokes a session')
      await revokeSession(services, personId, { sessionId: rowId(input.sessionId, 'Session', 'sessionId') })
      loaders.forget()
      return {}
    },
  }),
  changePassword: t.field({
    type: ChangePasswordPayload,
    description:
      'Changes the password and ends all other sessions, and all links to calendars. UNAUTHENTICATED when the current password is wrong.',
    args: { input: t.arg({ type: ChangePasswordInput, required: true, description: 'Both passwords.' }) },
    async resolve(_root, { input }, { actor, services, loaders }) {
      const person = requirePerson(actor)
      await changePassword(services, { id: person.id('changes their password'), sessionId: person.sessionId }, input)
      loaders.forget()
      return {}
    },
  }),
  updateProfile: t.field({
    type: UpdateProfilePayload,
    description: "Changes the viewer's name, e-mail address or picture.",
    args: { input: t.arg({ type: UpdateProfileInput, required: true, description: 'What to change.' }) },
    async resolve(_root, { input }, { actor, services, loaders }) {
      const avatarId = input.avatarId == null ? input.avatarId : rowId(input.avatarId, 'Attachment', 'avatarId')
      const user = await updateProfile(services, requirePerson(actor).id('updates their profile'), { ...input, avatarId })
      loaders.forget()
      loaders.prime(userById, user.id, user)
      return user
    },
  }),
}))
