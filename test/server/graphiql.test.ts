import { coerceInputValue, type GraphQLInputType, isInputType, Kind, parse, typeFromAST, validate } from 'graphql'
import { describe, expect, it } from 'vitest'
import { schema } from '../../src/features/schema.ts'
import { graphiql } from '../../src/server/graphiql.ts'

describe("GraphiQL's first tabs", () => {
  it.each(graphiql().defaultTabs!.map(({ query, variables }) => [query!.split('\n')[0], query!, variables ?? '{}']))(
    '%s',
    (_first, query, variables) => {
      const document = parse(query)
      expect(validate(schema, document)).toEqual([])
      const given = JSON.parse(variables)
      const [operation] = document.definitions
      if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('No operation.')
      for (const { variable, type } of operation.variableDefinitions ?? []) {
        const input = typeFromAST(schema, type as never) as GraphQLInputType
        expect(isInputType(input)).toBe(true)
        expect(() => coerceInputValue(given[variable.name.value], input)).not.toThrow()
      }
    },
  )
})
