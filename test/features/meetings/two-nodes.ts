import { type APerson, createDomain, type Domain } from '../../support/domain.ts'
import { sharedPostgres } from '../../support/postgres.ts'
import { type ARoom, aGroup } from '../../support/rooms.ts'

/** Two nodes on one Postgres, whose people do things at once. */
export interface TwoNodes {
  readonly nodes: readonly [Domain, Domain]
  /** On the first node; runs the room. */
  readonly ann: APerson
  /** On the second, in the room. */
  readonly ben: APerson
  /** On the second, and not in the room. */
  readonly cid: APerson
  readonly room: ARoom
}

export async function openTwoNodes(): Promise<TwoNodes> {
  const url = await (await sharedPostgres()).createDatabase()
  const nodes = [await createDomain(url), await createDomain(url)] as const
  const [ann, ben, cid] = [await nodes[0].aPerson('Ann'), await nodes[1].aPerson('Ben'), await nodes[1].aPerson('Cid')]
  return { nodes, ann, ben, cid, room: await aGroup(ann, ben) }
}

export async function rounds(count: number, work: (round: number) => Promise<void>): Promise<void> {
  for (let round = 0; round < count; round++) await work(round)
}
