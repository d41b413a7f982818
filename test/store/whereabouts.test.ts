import { describe } from 'vitest'
import { createMemoryWhereabouts } from '../../src/store/whereabouts.ts'
import { whereaboutsContract } from '../contract/whereabouts.ts'

describe('whereabouts in memory', () => {
  whereaboutsContract(async () => createMemoryWhereabouts())
})
