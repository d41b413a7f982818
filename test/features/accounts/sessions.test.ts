import { beforeAll, describe, expect, it } from 'vitest'
import { createRefreshTokens, makeRefreshSecret } from '../../../src/features/accounts/refresh-tokens.ts'
import { createSessions } from '../../../src/features/accounts/sessions.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import type { Database } from '../../../src/store/database.ts'
import { codeOf } from '../../support/codes.ts'
import { aDomain, type Domain } from '../../support/domain.ts'
import { aDevice, type Device, personOf, refresh, sessionOf, signUp, tryRefresh } from './devices.ts'

let domain: Domain
beforeAll(async () => {
  domain = await aDomain()
})

const isAlive = (device: Device) =>
  createSessions(domain.database, { rememberedMs: 0 })
    .requireAlive(sessionOf(device), personOf(device))
    .then(
      () => true,
      () => false,
    )

const rowOf = (device: Device) => domain.database.prisma.session.findUniqueOrThrow({ where: { id: sessionOf(device) } })

/** As if so much time had gone by since the session was last refreshed. */
const later = (device: Device, ms: number) =>
  domain.database.sql(
    `update session set refreshed_at = refreshed_at - make_interval(secs => $2), last_used_at = last_used_at - make_interval(secs => $2),
     expires_at = expires_at - make_interval(secs => $2) where id = $1`,
    [sessionOf(device), ms / 1000],
  )

const endedIn = (device: Device) =>
  domain.rung.filter(({ streamId, type }) => streamId === personOf(device) && type === 'SessionEnded').map(({ data }) => data.sessionId)

describe('refreshing a session', () => {
  it('gives new tokens for the same session, again and again', async () => {
    const device = aDevice(domain)
    let { refreshToken, viewer } = await signUp(device)
    const session = sessionOf(device)
    const seen = new Set([refreshToken])
    for (let time = 0; time < 3; time++) {
      const anonymous = aDevice(domain)
      const next = await refresh(anonymous, refreshToken)
      expect(sessionOf(anonymous)).toBe(session)
      expect(next.viewer).toMatchObject({ id: viewer.id })
      expect(await domain.services.accessTokens.verify(next.accessToken)).toMatchObject({ sessionId: session })
      refreshToken = next.refreshToken
      viewer = next.viewer
      expect(seen.has(refreshToken)).toBe(false)
      seen.add(refreshToken)
    }
  })

  it('keeps nothing that a thief of the database could sign in with', async () => {
    const device = aDevice(domain)
    const { refreshToken } = await signUp(device)
    const row = await rowOf(device)
    expect(JSON.stringify(row)).not.toContain(refreshToken)
    expect(codeOf(await tryRefresh(aDevice(domain), `${row.id}.0.${row.refreshHash}`))).toBe('UNAUTHENTICATED')
    expect(codeOf(await tryRefresh(aDevice(domain), createRefreshTokens(makeRefreshSecret()).make(row.id, 0)))).toBe('UNAUTHENTICATED')
    expect(await isAlive(device)).toBe(true)
  })

  it('gives the same successor again to who lost the answer, for 30 s', async () => {
    const device = aDevice(domain)
    const { refreshToken } = await signUp(device)
    const first = await refresh(device, refreshToken)
    await later(device, 29_000)
    expect((await refresh(device, refreshToken)).refreshToken).toBe(first.refreshToken)
    expect((await rowOf(device)).refreshGeneration).toBe(1)
    await refresh(device, first.refreshToken)
    expect(await isAlive(device)).toBe(true)
  })

  it('gives tabs that refresh at the same moment the same successor', async () => {
    const device = aDevice(domain)
    const { refreshToken } = await signUp(device)
    const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(aDevice(domain), refreshToken)))
    expect(new Set(answers.map((answer) => answer.refreshToken)).size).toBe(1)
    expect((await rowOf(device)).refreshGeneration).toBe(1)
    await refresh(device, answers[0]!.refreshToken)
  })

  it('ends the session when an old token comes back after 30 s', async () => {
    const device = aDevice(domain)
    const { refreshToken } = await signUp(device)
    const successor = await refresh(device, refreshToken)
    await later(device, 31_000)
    expect(codeOf(await tryRefresh(aDevice(domain), refreshToken))).toBe('UNAUTHENTICATED')
    expect(await isAlive(device)).toBe(false)
    expect(codeOf(await tryRefresh(aDevice(domain), successor.refreshToken))).toBe('UNAUTHENTICATED')
    expect(endedIn(device)).toEqual([sessionOf(device)])
  })

  it('ends the session when an old token comes back whose successor was used, at once and once', async () => {
    const device = aDevice(domain)
    const first = await signUp(device)
    const second = await refresh(device, first.refreshToken)
    await refresh(device, second.refreshToken)
    const codes = await Promise.all([1, 2, 3].map(async () => codeOf(await tryRefresh(aDevice(domain), first.refreshToken))))
    expect(codes).toEqual(Array(3).fill('UNAUTHENTICATED'))
    expect(await isAlive(device)).toBe(false)
    expect(endedIn(device)).toEqual([sessionOf(device)])
  })

  it('ends this session, and none of the others', async () => {
    const [device, other] = [aDevice(domain), aDevice(domain)]
    const { refreshToken, viewer } = await signUp(device)
    await other.run(`mutation { signIn(input: { handle: "${viewer.user.handle}", password: "correct horse battery" }) { viewer { id } } }`)
    await refresh(device, (await refresh(device, refreshToken)).refreshToken)
    await tryRefresh(aDevice(domain), refreshToken)
    expect([await isAlive(device), await isAlive(other)]).toEqual([false, true])
  })

  it('refuses what is forged, changed or nonsense, and ends nothing for it', async () => {
    const device = aDevice(domain)
    const { refreshToken } = await signUp(device)
    const [session, , signature] = refreshToken.split('.')
    const last = refreshToken.at(-1) === 'A' ? 'B' : 'A'
    const forged = [
      '',
      'x',
      '\0',
      '..',
      `${session}.7.${signature}`,
      `${session}.00.${signature}`,
      `${uuid()}.0.${signature}`,
      `${refreshToken}.x`,
      `${refreshToken}=`,
      refreshToken.slice(0, -2) + last,
      ` ${refreshToken}`,
      refreshToken.toUpperCase(),
      'x'.repeat(1_000_000),
    ]
    for (const token of forged) expect(codeOf(await tryRefresh(aDevice(domain), token)), token.slice(0, 100)).toBe('UNAUTHENTICATED')
    expect(await isAlive(device)).toBe(true)
    await refresh(device, refreshToken)
  })

  it('only refuses a token from after the backup that the database was restored from', async () => {
    const device = aDevice(domain)
    await signUp(device)
    const ahead = domain.services.refreshTokens.make(sessionOf(device), 5)
    expect(codeOf(await tryRefresh(aDevice(domain), ahead))).toBe('UNAUTHENTICATED')
    expect(await isAlive(device)).toBe(true)
  })

  it('keeps a session for 30 days after its last refresh, and no longer', async () => {
    const day = 24 * 3_600_000
    const device = aDevice(domain)
    let { refreshToken } = await signUp(device)
    for (let time = 0; time < 3; time++) {
      await later(device, 29.9 * day)
      ;({ refreshToken } = await refresh(device, refreshToken))
    }
    await later(device, 30.1 * day)
    expect(await isAlive(device)).toBe(false)
    expect(codeOf(await tryRefresh(device, refreshToken))).toBe('UNAUTHENTICATED')
  })

  it('moves the deadline of the socket that it came by', async () => {
    const moved: [string, Date][] = []
    const device = aDevice(domain, {}, { prolong: (...to) => void moved.push(to) })
    const { refreshToken } = await signUp(device)
    expect(moved).toEqual([])
    const { accessTokenExpiresAt } = await refresh(device, refreshToken)
    expect(moved).toEqual([[sessionOf(device), new Date(accessTokenExpiresAt)]])
    await tryRefresh(device, 'forged')
    expect(moved).toHaveLength(1)
  })
})

describe('whether a session is alive', () => {
  /** The same database, counting what is asked of it. */
  function counted(): Database & { asked: number } {
    const database = {
      ...domain.database,
      asked: 0,
      sql: <Row>(text: string, values?: unknown[]) => {
        database.asked++
        return domain.database.sql<Row>(text, values)
      },
    }
    return database
  }

  async function aSession() {
    const device = aDevice(domain)
    await signUp(device)
    return { device, session: sessionOf(device), person: personOf(device) }
  }

  const end = (session: string) => domain.database.sql('update session set ended_at = now() where id = $1', [session])
  const over = { code: 'UNAUTHENTICATED' }

  it('is read once for all who ask within a second, and then anew', async () => {
    const { session, person } = await aSession()
    const database = counted()
    const sessions = createSessions(database, { rememberedMs: 200 })
    const start = performance.now()
    await Promise.all(Array.from({ length: 50 }, () => sessions.requireAlive(session, person)))
    expect(database.asked).toBe(1)
    await end(session)
    await expect
      .poll(
        () =>
          sessions.requireAlive(session, person).then(
            () => 'alive',
            ({ code }) => code,
          ),
        { interval: 5 },
      )
      .toBe(over.code)
    expect(performance.now() - start).toBeGreaterThan(195)
    expect(database.asked).toBe(2)
  })

  it('is asked anew as soon as an end is heard of', async () => {
    const { session, person } = await aSession()
    const sessions = createSessions(domain.database, { rememberedMs: 60_000 })
    await sessions.requireAlive(session, person)
    await end(session)
    sessions.forget(session)
    await expect(sessions.requireAlive(session, person)).rejects.toMatchObject(over)
  })

  it('is for its person alone', async () => {
    const [mine, other] = [await aSession(), await aSession()]
    const sessions = createSessions(domain.database, { rememberedMs: 60_000 })
    await expect(sessions.requireAlive(mine.session, other.person)).rejects.toMatchObject(over)
    await sessions.requireAlive(mine.session, mine.person)
    await expect(sessions.requireAlive(mine.session, other.person)).rejects.toMatchObject(over)
    await expect(sessions.requireAlive(uuid(), mine.person)).rejects.toMatchObject(over)
  })

  it('is not decided by a database that could not be asked', async () => {
    const { session, person } = await aSession()
    const database = counted()
    const sessions = createSessions(
      { ...database, sql: (text, values) => (isDown ? Promise.reject(new Error('down')) : database.sql(text, values)) },
      { rememberedMs: 60_000 },
    )
    let isDown = true
    await expect(sessions.requireAlive(session, person)).rejects.toThrow('down')
    isDown = false
    await sessions.requireAlive(session, person)
  })

  it('is remembered of a bounded number', async () => {
    const [one, two, three] = [await aSession(), await aSession(), await aSession()]
    const database = counted()
    const sessions = createSessions(database, { rememberedMs: 60_000, mostRemembered: 2 })
    for (const { session, person } of [one, two, three, three, two]) await sessions.requireAlive(session, person)
    expect(database.asked).toBe(3)
    await sessions.requireAlive(one.session, one.person)
    expect(database.asked).toBe(4)
  })
})
