import { afterAll, beforeAll, expect, it } from 'vitest'
import { createSessions } from '../../../src/features/accounts/sessions.ts'
import { codeOf } from '../../support/codes.ts'
import { createDomain, type Domain } from '../../support/domain.ts'
import { sharedPostgres } from '../../support/postgres.ts'
import { describeWith } from '../../support/services.ts'
import {
  aDevice,
  aHandle,
  aPassword,
  type Device,
  personOf,
  refresh,
  sessionOf,
  signUp,
  signUpDocument,
  tryRefresh,
  trySignIn,
} from './devices.ts'

/** Two nodes on one Postgres, where things truly happen at the same time. */
describeWith(['postgres'], 'accounts on two nodes at once', () => {
  let nodes: Domain[]
  beforeAll(async () => {
    const url = await (await sharedPostgres()).createDatabase()
    nodes = await Promise.all([createDomain(url), createDomain(url)])
  })
  afterAll(async () => {
    await Promise.all(nodes.map(({ database }) => database.close()))
  })

  const node = (index: number) => nodes[index % nodes.length]!
  const many = <Result>(count: number, work: (index: number) => Promise<Result>) =>
    Promise.all(Array.from({ length: count }, (_, index) => work(index)))
  const isAlive = (device: Device) =>
    createSessions(node(0).database, { rememberedMs: 0 })
      .requireAlive(sessionOf(device), personOf(device))
      .then(
        () => true,
        () => false,
      )
  const eventsOf = (device: Device, type: string) =>
    nodes.flatMap(({ rung }) => rung).filter((event) => event.streamId === personOf(device) && event.type === type)

  it('share their keys: what one hands out the other takes', async () => {
    const device = aDevice(node(0))
    const { accessToken, refreshToken } = await signUp(device)
    expect(await node(1).services.accessTokens.verify(accessToken)).toMatchObject({ sessionId: sessionOf(device) })
    await refresh(aDevice(node(1)), refreshToken)
  })

  it('give a handle once', async () => {
    const handle = aHandle()
    const input = { handle, name: 'Ann', password: aPassword }
    const codes = await many(10, async (index) => codeOf(await aDevice(node(index)).run(signUpDocument, { input })))
    expect(codes.sort()).toEqual([...Array(9).fill('CONFLICT'), undefined])
  })

  it('give everybody who refreshes at once the same successor', async () => {
    for (let round = 0; round < 5; round++) {
      const device = aDevice(node(0))
      const { refreshToken } = await signUp(device)
      const answers = await many(12, (index) => refresh(aDevice(node(index)), refreshToken))
      expect(new Set(answers.map((answer) => answer.refreshToken)).size).toBe(1)
      expect(await isAlive(device)).toBe(true)
      await refresh(device, answers[0]!.refreshToken)
    }
  })

  it('end a stolen session once', async () => {
    const device = aDevice(node(0))
    const { refreshToken } = await signUp(device)
    await refresh(device, (await refresh(device, refreshToken)).refreshToken)
    await many(8, (index) => tryRefresh(aDevice(node(index)), refreshToken))
    expect(await isAlive(device)).toBe(false)
    expect(eventsOf(device, 'SessionEnded')).toHaveLength(1)
  })

  it('let nobody stay in with the old password, however signing in and changing it race', async () => {
    for (let round = 0; round < 6; round++) {
      const owner = aDevice(node(0))
      const { viewer } = await signUp(owner)
      const thieves = Array.from({ length: 6 }, (_, index) => aDevice(node(index)))
      const change = `mutation { changePassword(input: { currentPassword: "${aPassword}", newPassword: "another password" }) { viewer { id } } }`
      await Promise.all([
        ...thieves.slice(0, 3).map((thief) => trySignIn(thief, viewer.user.handle)),
        owner.run(change).then((answer) => expect(answer.errors).toBeUndefined()),
        ...thieves.slice(3).map((thief) => trySignIn(thief, viewer.user.handle)),
      ])
      const inside = thieves.filter(({ actor }) => actor.kind === 'person')
      expect(await Promise.all(inside.map(isAlive))).toEqual(inside.map(() => false))
      expect(await isAlive(owner)).toBe(true)
    }
  })

  it('let one of two changes of the password win', async () => {
    const device = aDevice(node(0))
    await signUp(device)
    const change = (to: string) =>
      `mutation { changePassword(input: { currentPassword: "${aPassword}", newPassword: "${to}" }) { viewer { id } } }`
    const codes = await Promise.all(['first password', 'second password'].map(async (to) => codeOf(await device.run(change(to)))))
    expect(codes.sort()).toEqual(['UNAUTHENTICATED', undefined])
  })
})
