import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isAbstractType,
  isCompositeType,
  isListType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
  type VariableDefinitionNode,
} from 'graphql'
import type { Limits } from './limits.ts'

/**
 * A field that answers a list says here how much it can hold: `extensions: { holds: 3 }`; or that it holds a page, whose size was said
 * where the page was asked for: `extensions: { holds: 'page' }`. Edges and nodes hold a page, and so does a list with a `first` of its own.
 * A subscription that tells at once of each thing that one of its arguments lists names it: `extensions: { tellsOf: 'userIds' }`.
 * One that reads much more than it answers says what that weighs, however small a page of it is asked for: `extensions: { weighs: 10 }`.
 */
export interface FieldExtensions {
  readonly holds?: number | 'page'
  readonly tellsOf?: string
  readonly weighs?: number
}

export interface CostOptions {
  readonly schema: GraphQLSchema
  readonly limits: Limits
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>
}

export interface Cost {
  readonly objects: number
  /** Another value of a variable could give another cost. */
  readonly isVariable: boolean
}

/**
 * How many objects the answer to a valid operation can hold: `first` or `last` multiply what a page's edges and nodes hold, a list of ids
 * what they name, other lists by what they say of themselves. Of an interface the dearest type counts, and each alias of a value as an object.
 * Introspection costs nothing.
 */
export function measureCost(
  operation: OperationDefinitionNode,
  variables: Record<string, unknown> | null | undefined,
  options: CostOptions,
): Cost {
  const { schema, limits } = options
  const measure = createMeasure({ variables, definitions: operation.variableDefinitions }, options)
  const root = schema.getRootType(operation.operation)
  const objects = root ? measure.of(operation.selectionSet, root, limits.pageDefault) : 0
  return { objects, isVariable: measure.isVariable() }
}

/** The same of each object in the list that a field answers: for lists that turn out to hold more than they said. */
export function costOfEach({ schema, fragments, fieldNodes, returnType, variableValues }: GraphQLResolveInfo, limits: Limits): number {
  const { of } = createMeasure({ variables: variableValues }, { schema, limits, fragments: new Map(Object.entries(fragments)) })
  return fieldNodes.reduce((cost, { selectionSet }) => cost + (selectionSet ? of(selectionSet, getNamedType(returnType), 1) : 0), 1)
}

interface Given {
  readonly variables: Record<string, unknown> | null | undefined
  /** Where values that were not given have others: absent where these are among the variables already. */
  readonly definitions?: readonly VariableDefinitionNode[] | undefined
}

function createMeasure({ variables, definitions }: Given, { schema, limits, fragments }: CostOptions) {
  let isVariable = false
  // The same selections cost the same wherever they stand: so the work is bounded by the document, not by what its fragments unfold to.
  const known = new Map<SelectionSetNode, Map<string, number>>()

  const argument = (field: FieldNode, name: string): unknown => {
    const value = field.arguments?.find((one) => one.name.value === name)?.value
    if (!value) return undefined
    if (value.kind !== Kind.VARIABLE) return literal(value)
    isVariable = true
    const given = variables?.[value.name.value]
    if (given !== undefined) return given
    const declared = definitions?.find((one) => one.variable.name.value === value.name.value)?.defaultValue
    return declared && literal(declared)
  }

  const page = (field: FieldNode, definition: GraphQLField<unknown, unknown>): number => {
    if (!isPaged(definition)) return 1
    const usual = definition.args.find(({ name }) => name === 'first')?.defaultValue ?? limits.pageDefault
    const asked = argument(field, 'first') ?? argument(field, 'last') ?? usual
    // What is no number, or more than a page may have, is refused when it is executed.
    return typeof asked === 'number' && asked >= 0 ? Math.min(asked, limits.pageMost) : limits.pageMost
  }

  const held = (field: FieldNode, definition: GraphQLField<unknown, unknown>, size: number): number => {
    const { holds = usualList, tellsOf } = definition.extensions as FieldExtensions
    if (tellsOf !== undefined) return lengthOf(argument(field, tellsOf))
    if (!isListType(getNullableType(definition.type))) return 1
    if (field.name.value === 'edges' || field.name.value === 'nodes') {
      const ids = argument(field, 'ids')
      return Array.isArray(ids) ? Math.min(ids.length, limits.listMost) : size
    }
    if (isPaged(definition)) return page(field, definition)
    return holds === 'page' ? size : holds
  }

  const ofField = (field: FieldNode, parent: GraphQLObjectType, size: number): number => {
    const definition = parent.getFields()[field.name.value]
    if (!definition) return 0
    // A value comes along with its object. Only another name gives it another place in the answer.
    if (!field.selectionSet) return field.alias ? 1 : 0
    const inside = ofSelections(field.selectionSet, getNamedType(definition.type), page(field, definition))
    const { weighs = 0 } = definition.extensions as FieldExtensions
    return bounded(weighs + held(field, definition, size) * (1 + inside))
  }

  const ofObject = (selections: SelectionSetNode, type: GraphQLObjectType, size: number): number => {
    const key = `${type.name} ${size}`
    const costs = known.get(selections) ?? new Map<string, number>()
    known.set(selections, costs)
    const found = costs.get(key)
    if (found !== undefined) return found
    costs.set(key, 0)
    let cost = 0
    for (const selection of selections.selections) {
      if (selection.kind === Kind.FIELD) {
        cost += ofField(selection, type, size)
        continue
      }
      const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value)
      if (fragment && applies(fragment.typeCondition?.name.value, type)) cost += ofObject(fragment.selectionSet, type, size)
    }
    costs.set(key, bounded(cost))
    return bounded(cost)
  }

  const applies = (condition: string | undefined, type: GraphQLObjectType): boolean => {
    if (condition === undefined || condition === type.name) return true
    const wanted = schema.getType(condition)
    return isAbstractType(wanted) && schema.isSubType(wanted, type)
  }

  const ofSelections = (selections: SelectionSetNode, type: GraphQLNamedType, size: number): number => {
    if (!isCompositeType(type)) return 0
    if (isObjectType(type)) return ofObject(selections, type, size)
    return Math.max(0, ...schema.getPossibleTypes(type).map((possible) => ofObject(selections, possible, size)))
  }

  return { of: ofSelections, isVariable: () => isVariable }
}

/** Of what is no list: it stands for one of itself, or is refused. */
function lengthOf(list: unknown): number {
  return Array.isArray(list) ? list.length : 1
}

function isPaged({ args }: GraphQLField<unknown, unknown>): boolean {
  return args.some(({ name }) => name === 'first' || name === 'last')
}

/** For lists that say nothing of themselves. */
const usualList = 10

function bounded(cost: number): number {
  return Math.min(cost, 1e9)
}

function literal(value: ValueNode): unknown {
  if (value.kind === Kind.INT) return Number(value.value)
  if (value.kind === Kind.LIST) return value.values
  return undefined
}
