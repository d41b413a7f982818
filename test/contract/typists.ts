import { expect, it } from 'vitest'
import type { Typists } from '../../src/store/typists.ts'
import { until } from '../support/until.ts'

const longMs = 60_000
const of = (personId: string, deviceId = 'phone', roomId = 'room') => ({ roomId, personId, deviceId })

/** What each implementation of Typists promises. */
export function typistsContract(open: () => Promise<Typists>): void {
  it('knows who types in which rooms, and for how long yet', async () => {
    const typists = await open()
    await typists.add(of('ann'), longMs)
    await typists.add(of('ben'), 30_000)
    await typists.add(of('ann', 'phone', 'other room'), longMs)
    const [room, nowhere, otherRoom] = await typists.read(['room', 'nowhere', 'other room'])
    expect(namesOf(room!)).toEqual(['ann', 'ben'])
    expect(nowhere).toEqual([])
    expect(namesOf(otherRoom!)).toEqual(['ann'])
    const leftMs = room!.find(({ personId }) => personId === 'ben')!.leftMs
    expect(leftMs).toBeGreaterThan(25_000)
    expect(leftMs).toBeLessThanOrEqual(30_000)
  })

  it('asks for no rooms without trouble', async () => {
    expect(await (await open()).read([])).toEqual([])
  })

  it('lets whoever does not go on lapse, each by themselves', async () => {
    const typists = await open()
    await typists.add(of('ann'), 40)
    await typists.add(of('ben'), longMs)
    await typists.add(of('cid'), 40)
    await typists.add(of('cid'), longMs)
    await until(async () => namesOf((await typists.read(['room']))[0]!).join() === 'ben,cid')
    expect(await typists.remove({ roomId: 'room', personId: 'ann' })).toEqual({ wasThere: false, leftMs: 0 })
  })

  it('goes on with one device where another stops', async () => {
    const typists = await open()
    await typists.add(of('ann', 'phone'), longMs)
    await typists.add(of('ann', 'tablet'), 30_000)
    expect(namesOf((await typists.read(['room']))[0]!)).toEqual(['ann'])
    const { wasThere, leftMs } = await typists.remove(of('ann', 'phone'))
    expect(wasThere).toBe(true)
    expect(leftMs).toBeGreaterThan(25_000)
    expect(leftMs).toBeLessThanOrEqual(30_000)
    expect(await typists.remove(of('ann', 'phone'))).toMatchObject({ wasThere: false })
    expect(await typists.remove(of('ann', 'tablet'))).toEqual({ wasThere: true, leftMs: 0 })
    expect(await typists.read(['room'])).toEqual([[]])
  })

  it('stops all devices of one person, and nobody else’s', async () => {
    const typists = await open()
    for (const device of ['phone', 'tablet']) await typists.add(of('ann', device), longMs)
    await typists.add(of('annette'), longMs)
    await typists.add(of('ann', 'phone', 'other room'), longMs)
    expect(await typists.remove({ roomId: 'room', personId: 'ann' })).toEqual({ wasThere: true, leftMs: 0 })
    const [room, otherRoom] = await typists.read(['room', 'other room'])
    expect([namesOf(room!), namesOf(otherRoom!)]).toEqual([['annette'], ['ann']])
    expect(await typists.remove({ roomId: 'room', personId: 'ann' })).toEqual({ wasThere: false, leftMs: 0 })
  })
}

function namesOf(found: readonly { readonly personId: string }[]): string[] {
  return found.map(({ personId }) => personId).sort()
}
