import { beforeAll, expect, it } from 'vitest'
import { pageOfRooms } from '../../../src/features/rooms/pages.ts'
import { membershipOf, roomById } from '../../../src/features/rooms/queries.ts'
import { type Context, createContext } from '../../../src/graphql/context.ts'
import { aDomain, type Domain } from '../../support/domain.ts'
import { aGroup } from '../../support/rooms.ts'

let domain: Domain
beforeAll(async () => {
  domain = await aDomain()
})

it.each<[string, (context: Context, roomId: string, userId: string) => Promise<unknown>]>([
  ['a room', ({ loaders }, roomId) => loaders.load(roomById, roomId)],
  ['a list of rooms', (context, _roomId, userId) => pageOfRooms(context, userId, {})],
])('the position of %s is never younger than what is shown with it', async (_what, readPosition) => {
  const [ann, ben] = [await domain.aPerson('Ann'), await domain.aPerson('Ben')]
  const room = await aGroup(ann, ben)
  const context = createContext(domain.services, ann.actor)
  const key = { roomId: room.id, userId: ben.id }
  expect(await context.loaders.load(membershipOf, key)).toMatchObject({ role: 'MEMBER' })

  const change = `setRoomRole(input: { roomId: "${room.globalId}", userId: "${ben.globalId}", role: ADMIN }) { room { id } }`
  await ann.run(`mutation { ${change} }`)
  await readPosition(context, room.id, ann.id)
  expect(await context.loaders.load(roomById, room.id)).toMatchObject({ head: 1 })
  expect(await context.loaders.load(membershipOf, key)).toMatchObject({ role: 'ADMIN' })
})
