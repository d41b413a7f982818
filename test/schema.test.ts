import { readFileSync } from 'node:fs'
import { buildSchema, type GraphQLSchema, isSpecifiedScalarType } from 'graphql'
import { describe, expect, it } from 'vitest'
import { coordinates, type Place } from './support/coordinates.ts'

/** What schema.graphql has beyond the contract, each with the reason why users would expect it. Of a new type only its name. */
const additions: Record<string, string> = {
  AvatarSize: 'A list of people wants small pictures and a profile a large one: the client says which.',
  ...Object.fromEntries(
    ['User', 'Room', 'DirectRoom', 'GroupRoom', 'Channel'].map((type) => [`${type}.avatarUrl(size:)`, 'Which of the two sizes it is.']),
  ),
  'Meeting.viewerAttendance': 'What the viewer has answered stands on every meeting that is shown, and its attendees are pages.',
  'ReactionGroup.id': 'It changes by events, and normalised caches that know it by its place in a list would mix one emoji with another.',
  'ViewerUpdated.room':
    'A setting of one room, or a block, changes what the viewer holds of that room: without it they would read all of them again.',
}

const contract = readPlaces('contract/contract.graphql')
const schema = readPlaces('../schema.graphql')

describe('schema.graphql', () => {
  it('agrees with the contract in all that both have', () => {
    const differences = [...schema].flatMap(([coordinate, place]) => {
      const agreed = contract.get(coordinate)
      if (!agreed || agreed.shape === place.shape) return []
      return [`${coordinate}: ${place.shape}, agreed was ${agreed.shape}`]
    })
    expect(differences).toEqual([])
  })

  it('has all of the contract', () => {
    expect([...contract.keys()].filter((coordinate) => !schema.has(coordinate))).toEqual([])
  })

  it('implements the interfaces of the contract', () => {
    const missing = [...schema].flatMap(([coordinate, place]) => {
      const wanted = contract.get(coordinate)?.interfaces ?? []
      return wanted.filter((name) => !place.interfaces.includes(name)).map((name) => `${coordinate} implements ${name}`)
    })
    expect(missing).toEqual([])
  })

  it('adds to the contract only what is listed and reasoned here', () => {
    const isNew = ([coordinate, place]: [string, Place]) => !contract.has(coordinate) && (!place.parent || contract.has(place.parent))
    const added = [...schema].filter(isNew).map(([coordinate]) => coordinate)
    expect(added.sort()).toEqual(Object.keys(additions).sort())
  })

  it('describes every type, field, argument and enum value', () => {
    const silent = [...schema].filter(([, place]) => !place.description?.trim()).map(([coordinate]) => coordinate)
    expect(silent).toEqual([])
  })
})

function readPlaces(file: string): Map<string, Place> {
  const built: GraphQLSchema = buildSchema(readFileSync(new URL(file, import.meta.url), 'utf8'))
  const types = Object.values(built.getTypeMap()).filter((type) => !type.name.startsWith('__') && !isSpecifiedScalarType(type))
  return new Map(types.flatMap(coordinates))
}
