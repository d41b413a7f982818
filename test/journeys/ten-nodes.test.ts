import { expect, it } from 'vitest'
import { type Parley, startParley } from '../support/parley.ts'
import { sharedPostgres } from '../support/postgres.ts'
import { describeWith } from '../support/services.ts'
import { aPerson } from './person.ts'

describeWith(['postgres'], 'ten nodes', () => {
  it('start at once on an empty database, and are one Parley: with the same keys and the same history', async () => {
    const DATABASE_URL = await (await sharedPostgres()).createDatabase()
    const starting = Array.from({ length: 10 }, () => startParley({ DATABASE_URL, DATABASE_POOL_SIZE: '3' }))
    const nodes: Parley[] = await Promise.all(starting)
    const services = nodes.map(({ app }) => app.services)
    expect(new Set(services.map(({ epoch }) => epoch)).size).toBe(1)
    expect(new Set(services.map(({ accessTokens }) => JSON.stringify(accessTokens.publicKeys()))).size).toBe(1)
    const ada = await aPerson(nodes[0]!, 'Ada')
    const roomId = await ada.make()
    const cursor = await ada.cursorOf(roomId)
    for (const [number, node] of nodes.entries()) await ada.on(node).say(roomId, `From node ${number}`)
    for (const node of nodes) {
      const listening = await ada.on(node).follow(roomId, { after: cursor })
      await listening.hearsUpTo(10)
      expect(listening.contents).toEqual(nodes.map((_node, number) => `From node ${number}`))
      await listening.stop()
    }
    const refresh = 'mutation ($token: String!) { refreshSession(input: { refreshToken: $token }) { refreshToken } }'
    let token = ada.refreshToken
    for (const node of nodes) {
      const { data } = await ada.on(node).ask<{ refreshSession: { refreshToken: string } }>(refresh, { token })
      token = data!.refreshSession.refreshToken
    }
    const applied = await services[0]!.database.sql<{ name: string }>('select migration_name as name from _prisma_migrations')
    expect(new Set(applied.map(({ name }) => name)).size).toBe(applied.length)
    await Promise.all(nodes.map((node) => node.close()))
  }, 60_000)
})
