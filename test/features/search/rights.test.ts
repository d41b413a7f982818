import { expect, it } from 'vitest'
import { canSee } from '../../../src/features/rooms/policy.ts'
import { readStandings } from '../../../src/features/rooms/standing.ts'
import { fillSome } from '../../../src/features/search/filling.ts'
import { readFound } from '../../../src/features/search/queries.ts'
import { conditionOf, termsOf } from '../../../src/features/search/tokens.ts'
import { createDomain } from '../../support/domain.ts'
import { createStage, type Place, type Stance } from '../rooms/standings.ts'

const kinds = [
  { kind: 'DIRECT', isPrivate: false },
  { kind: 'GROUP', isPrivate: false },
  { kind: 'CHANNEL', isPrivate: false },
  { kind: 'CHANNEL', isPrivate: true },
] as const
const stances: readonly Stance[] = [null, 'left', 'MEMBER', 'ADMIN'].flatMap((room) =>
  [null, 'left', 'MEMBER', 'LEAD'].map((team) => ({ room, team }) as Stance),
)
const states = [
  { isArchived: false, isSevered: false, isMuted: false },
  { isArchived: true, isSevered: true, isMuted: true },
]

it('finds what the policy lets somebody see, in each sort of room, however they stand to it and its team', async () => {
  const domain = await createDomain()
  const { sql } = domain.database
  const stage = await createStage(domain)
  const scenes = kinds.flatMap((kind) =>
    states.flatMap((state) => stances.map((stance) => stage.draw({ ...kind, ...state } satisfies Place, stance))),
  )
  await stage.build()
  // Its messages have no words yet, as from before there was a search.
  await sql(`insert into setting (name, value) values ('searchFilledDownTo', 'ffffffff-ffff-ffff-ffff-ffffffffffff')`)
  while (await fillSome(domain.database));

  for (const actor of new Set(scenes.flatMap(({ actor, other, guest }) => [actor, other, guest]))) {
    const standings = await readStandings(
      sql,
      scenes.map(({ roomId }) => ({ roomId, userId: actor.id })),
    )
    const seen = standings.filter(canSee).map(({ roomId }) => roomId)
    const condition = conditionOf(termsOf('something'))
    const wanted = { viewerId: actor.id, condition, roomId: undefined, from: undefined, to: undefined }
    const found = await readFound(sql, wanted, undefined, 1000)
    // Two have said something in each.
    expect(found.map(({ roomId }) => roomId).sort()).toEqual([...seen, ...seen].sort())
  }
  await domain.database.close()
})
