import { beforeAll, describe, expect, it } from 'vitest'
import { readCursor } from '../../../src/engine/cursor.ts'
import { findUsers, readViewer, userById } from '../../../src/features/accounts/queries.ts'
import { Audience } from '../../../src/graphql/actor.ts'
import { createContext } from '../../../src/graphql/context.ts'
import { encodeId } from '../../../src/graphql/ids.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import type { Run } from '../../../src/store/database.ts'
import { codeOf } from '../../support/codes.ts'
import { aDomain, type Domain, nobody } from '../../support/domain.ts'
import { aDevice, aHandle, personOf, sessionOf, signUp } from './devices.ts'

let domain: Domain
beforeAll(async () => {
  domain = await aDomain()
})

const node =
  '($id: ID!) { node(id: $id) { id __typename ... on Viewer { email } ... on User { handle name createdAt } ... on Session { isCurrent } } }'

describe('the viewer', () => {
  it('is null for nobody', async () => {
    expect(await domain.as(nobody)('{ viewer { id } }')).toEqual({ data: { viewer: null } })
  })

  it('is found by its id, as its sessions are, by its person alone', async () => {
    const [ann, ben] = [aDevice(domain), aDevice(domain)]
    const { viewer } = await signUp(ann, { email: 'ann@example.org' })
    await signUp(ben)
    const session = encodeId('Session', sessionOf(ann))
    expect((await ann.run(`query ${node}`, { id: viewer.id })).data).toEqual({
      node: { id: viewer.id, __typename: 'Viewer', email: 'ann@example.org' },
    })
    expect((await ann.run(`query ${node}`, { id: session })).data).toEqual({
      node: { id: session, __typename: 'Session', isCurrent: true },
    })
    for (const id of [viewer.id, session]) expect(await ben.run(`query ${node}`, { id })).toEqual({ data: { node: null } })
    await ann.run('mutation { signOut { endedSessions } }')
    expect(await ann.run(`query ${node}`, { id: session })).toEqual({ data: { node: null } })
  })

  it('has an id of its own, which is not the person', async () => {
    const { viewer } = await signUp(aDevice(domain))
    expect(viewer.id).not.toBe(viewer.user.id)
  })

  it('says where its inbox stood when the rest was read', async () => {
    const device = aDevice(domain)
    const seqOf = async () => {
      const { data } = await device.run<{ viewer: { inboxCursor: string } }>('{ viewer { inboxCursor } }')
      return readCursor(data!.viewer.inboxCursor, personOf(device), domain.services.epoch)
    }
    await signUp(device)
    expect(await seqOf()).toBe(0)
    await device.run('mutation { updateProfile(input: { name: "Anna" }) { user { id } } }')
    expect(await seqOf()).toBe(1)
  })

  it('forgets what was read before its position, so that what it leads to is never older', async () => {
    const [ann, ben] = [await domain.aPerson('Ann'), await domain.aPerson('Ben')]
    const context = createContext(domain.services, ann.actor)
    const nameOf = async (id: string) => (await context.loaders.load(userById, id))?.name
    expect([await nameOf(ann.id), await nameOf(ben.id)]).toEqual(['Ann', 'Ben'])
    for (const { run } of [ann, ben]) await run('mutation { updateProfile(input: { name: "New" }) { user { id } } }')
    expect(await readViewer(context, ann.id)).toMatchObject({ id: ann.id, head: 1 })
    expect([await nameOf(ann.id), await nameOf(ben.id)]).toEqual(['New', 'New'])
  })

  it('is read anew each time in an operation, with what belongs to it', async () => {
    const device = aDevice(domain)
    await signUp(device, { name: 'Ann' })
    const { data } = await device.run(`mutation {
      one: updateProfile(input: { name: "One" }) { viewer { user { name } } user { name } }
      two: updateProfile(input: { name: "Two" }) { viewer { user { name } } user { name } }
    }`)
    expect(data).toEqual({
      one: { viewer: { user: { name: 'One' } }, user: { name: 'One' } },
      two: { viewer: { user: { name: 'Two' } }, user: { name: 'Two' } },
    })
  })
})

describe('another person', () => {
  it('shows a handle and a name, and nothing else', async () => {
    const ann = aDevice(domain)
    const { viewer } = await signUp(ann, { email: 'ann@example.org' })
    const ben = await domain.aPerson('Ben')
    const { handle } = viewer.user
    const asked = 'query ($handle: String!) { user(handle: $handle) { id handle name createdAt } }'
    const { data } = await ben.run(asked, { handle })
    expect(data).toEqual({ user: { id: viewer.user.id, handle, name: 'Ann', createdAt: expect.any(String) } })
    const { data: byId } = await ben.run(`query ${node}`, { id: viewer.user.id })
    expect(byId).toMatchObject({ node: { __typename: 'User', handle } })
  })

  it('is null when there is none, whatever is asked for', async () => {
    const { run } = await domain.aPerson()
    for (const handle of [aHandle(), '', 'A B', 'a\0b', 'a\ud800', 'x'.repeat(10_000)]) {
      expect(await run('query ($handle: String!) { user(handle: $handle) { id } }', { handle })).toEqual({ data: { user: null } })
    }
    expect(await run(`query ${node}`, { id: encodeId('User', uuid()) })).toEqual({ data: { node: null } })
  })
})

describe('finding people', () => {
  const find = 'query ($query: String!, $first: Int) { users(query: $query, first: $first) { handle } }'
  const found = async (query: string, first?: number) => {
    const { data, errors } = await (await domain.aPerson()).run<{ users: { handle: string }[] }>(find, { query, ...(first && { first }) })
    if (errors) throw errors[0]
    return data!.users.map(({ handle }) => handle)
  }
  const person = async (handle: string, name: string) => {
    await domain.database.prisma.user.create({ data: { id: uuid(), handle, name, createdAt: new Date() } })
  }

  it('goes by the beginning of handle or name, in any case, best match first', async () => {
    await person('zoe', 'Somebody')
    await person('zz_named', 'Zoe')
    await person('zoe_b', 'Zoe Other')
    await person('zoe_a', 'Somebody')
    await person('zz_long', 'Zoe Long')
    await person('zz_inside', 'Not Zoe')
    const all = ['zoe', 'zz_named', 'zoe_a', 'zoe_b', 'zz_long']
    expect(await found('zoe')).toEqual(all)
    expect(await found(' ZOE ')).toEqual(all)
    expect(await found('@zoe')).toEqual(all)
    expect(await found('zoe', 2)).toEqual(all.slice(0, 2))
    expect(await found('zoe o')).toEqual(['zoe_b'])
    expect(await found('zoe_')).toEqual(['zoe_a', 'zoe_b'])
  })

  it('takes every character as it is', async () => {
    await person('yy_1', '100% Sure')
    await person('yy_2', '100 Sure')
    await person('yy_3', 'back\\slash')
    expect(await found('100%')).toEqual(['yy_1'])
    expect(await found('back\\')).toEqual(['yy_3'])
    expect(await found('%')).toEqual([])
    expect(await found('yy%')).toEqual([])
    expect(await found("'; --")).toEqual([])
  })

  it('answers 20 unless told otherwise, and at most 100', async () => {
    await domain.database.prisma.user.createMany({
      data: Array.from({ length: 110 }, (_, index) => ({
        id: uuid(),
        handle: `xx_${index}`,
        name: `Xerxes ${index}`,
        createdAt: new Date(),
      })),
    })
    expect(await found('xx_')).toHaveLength(20)
    expect(new Set(await found('xerxes', 100)).size).toBe(100)
    for (const first of [-1, 0, 101]) {
      const { errors } = await (await domain.aPerson()).run(find, { query: 'xx_', first })
      expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'first' })
    }
  })

  it.each(['', '  ', 'a\0', 'a\ud800', 'x'.repeat(81)])('refuses %j by name', async (query) => {
    const { errors } = await (await domain.aPerson()).run(find, { query })
    expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'query' })
  })

  it('reads no more than it shows, through its indexes', async () => {
    const plan = await domain.database.transaction(async (run) => {
      // A table as small as a test's would be read whole.
      await run('set local enable_seqscan = off; set local enable_bitmapscan = off; set local enable_sort = off')
      const lines: string[] = []
      const sql: Run = async (text, values) => {
        const rows = await run<Record<string, string>>(`explain ${text}`, values)
        lines.push(...rows.map((row) => Object.values(row)[0]!))
        return []
      }
      await findUsers({ ...domain.database, sql }, 'zo', 20)
      return lines.join('\n')
    })
    expect(plan).toContain('Index Scan using app_user_handle_prefix_idx')
    expect(plan).toContain('Index Scan using app_user_name_prefix_idx')
    expect(plan.match(/Index Cond: .*>= 'zo'/g)).toHaveLength(2)
    // What was found is sorted, not what is looked through.
    expect(plan.slice(plan.indexOf('app_user_handle_prefix_idx'))).not.toContain('Sort')
  })
})

describe('nobody', () => {
  it.each([
    '{ user(handle: "ann") { id } }',
    '{ users(query: "ann") { id } }',
    `{ node(id: "${encodeId('User', uuid())}") { id } }`,
    `{ nodes(ids: ["${encodeId('User', uuid())}"]) { id } }`,
    'mutation { signOut { endedSessions } }',
    'mutation { signOut(input: { everywhere: true }) { endedSessions } }',
    `mutation { revokeSession(input: { sessionId: "${encodeId('Session', uuid())}" }) { viewer { id } } }`,
    'mutation { changePassword(input: { currentPassword: "12345678", newPassword: "12345678" }) { viewer { id } } }',
    'mutation { updateProfile(input: { name: "Nobody" }) { viewer { id } } }',
  ])('is told to sign in first: %s', async (document) => {
    expect(codeOf(await domain.as(nobody)(document))).toBe('UNAUTHENTICATED')
  })
})

describe('an answer made for everybody', () => {
  it("never holds a viewer: whoever follows somebody's stream is asked who they are", async () => {
    const device = aDevice(domain)
    const { viewer } = await signUp(device)
    const audience = new Audience(uuid())
    const { data, errors } = await domain.as(audience)(`query ${node}`, { id: viewer.id })
    expect(data?.node ?? null).toBeNull()
    expect(errors).toHaveLength(1)
    expect(audience.askedFor).toBeDefined()
  })
})
