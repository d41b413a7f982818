import {
  type DocumentNode,
  type ExecutionResult,
  execute,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  parse,
  specifiedRules,
  validate,
} from 'graphql'
import type { Budget } from './budget.ts'
import type { Context } from './context.ts'
import { type Cost, measureCost } from './cost.ts'
import { clientError, type Mask } from './errors.ts'
import type { Limits } from './limits.ts'
import { shapeRules, tooComplex } from './rules.ts'

/** An operation as a client asks for it, whichever way it came. */
export interface OperationRequest {
  readonly query: string
  readonly operationName?: string | null | undefined
  readonly variables?: Record<string, unknown> | null | undefined
}

/** One that may run: its document is valid, and it is neither too deep nor too dear. */
export interface Operation {
  readonly kind: 'query' | 'mutation' | 'subscription'
  readonly document: DocumentNode
  readonly operationName: string | null | undefined
  readonly variables: Record<string, unknown> | null | undefined
  /** How many objects its answer can hold. */
  readonly cost: number
}

/** What holds for operations, in one place for all ways in. Errors that leave it are fit to be shown, and each has its code. */
export interface Operations {
  /** Answers the operation, or what is wrong with it. */
  prepare(request: OperationRequest): Operation | readonly GraphQLError[]
  /** Takes what it costs from its caller's budget, or throws RATE_LIMITED. For subscriptions: the others are admitted as they run. */
  admit(operation: Operation, context: Context): void
  /** Runs a query or a mutation. Never rejects. */
  run(operation: Operation, context: Context): Promise<ExecutionResult>
}

export function isOperation(prepared: Operation | readonly GraphQLError[]): prepared is Operation {
  return 'kind' in prepared
}

export function createOperations(schema: GraphQLSchema, limits: Limits, mask: Mask, budget: Budget): Operations {
  const documents = createMemory(limits)
  const read = (text: string): Known => {
    const remembered = documents.get(text)
    if (remembered) return remembered
    const known = readDocument(text, schema, limits, mask)
    documents.set(text, known)
    return known
  }
  const costOf = (operation: OperationDefinitionNode, variables: OperationRequest['variables'], known: Known): number => {
    const fixed = known.costs.get(operation)
    if (fixed && !fixed.isVariable) return fixed.objects
    const cost = measureCost(operation, variables, { schema, limits, fragments: known.fragments })
    known.costs.set(operation, cost)
    return cost.objects
  }
  return {
    prepare({ query, operationName, variables }) {
      const known = read(query)
      if (known.errors || !known.document) return known.errors ?? []
      const operation = getOperationAST(known.document, operationName)
      if (!operation) return [mask.error(noOperation(known.document, operationName))]
      const cost = costOf(operation, variables, known)
      if (cost > limits.queryCost) {
        const sentence = `The answer could hold ${cost} objects; at most ${limits.queryCost}, please: ask for smaller pages.`
        return [mask.error(tooComplex(sentence))]
      }
      return { kind: operation.operation, document: known.document, operationName, variables: declared(operation, variables), cost }
    },
    admit: (operation, context) => budget.spend(operation, context),
    async run(operation, contextValue) {
      const { document, operationName, variables } = operation
      try {
        budget.spend(operation, contextValue)
        const result = await execute({ schema, document, operationName, variableValues: variables, contextValue })
        return mask.result(result)
      } catch (error) {
        return { errors: [mask.error(error)] }
      } finally {
        contextValue.loaders.close()
      }
    },
  }
}

/** What nobody asked for is not kept: it would be held for as long as a subscription, and make two that are alike look different. */
function declared(operation: OperationDefinitionNode, variables: OperationRequest['variables']): OperationRequest['variables'] {
  if (variables == null) return variables
  const names = operation.variableDefinitions?.map(({ variable }) => variable.name.value) ?? []
  return Object.fromEntries(names.filter((name) => Object.hasOwn(variables, name)).map((name) => [name, variables[name]]))
}

/** What was found out about a text. */
interface Known {
  readonly document?: DocumentNode
  readonly errors?: readonly GraphQLError[]
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>
  readonly costs: Map<OperationDefinitionNode, Cost>
  /** What is kept of it: its document, to which its errors refer too. */
  readonly tokens: number
}

function readDocument(text: string, schema: GraphQLSchema, limits: Limits, mask: Mask): Known {
  const nothing = { fragments: new Map<string, FragmentDefinitionNode>(), costs: new Map<OperationDefinitionNode, Cost>(), tokens: 0 }
  let document: DocumentNode
  try {
    document = parse(text, { maxTokens: limits.queryTokens })
  } catch (error) {
    return { ...nothing, errors: [mask.error(isTooLong(error) ? tooComplex(`At most ${limits.queryTokens} tokens, please.`) : error)] }
  }
  const tokens = document.tokenCount ?? limits.queryTokens
  const shape = validate(schema, document, shapeRules(limits))
  const errors = shape.length > 0 ? shape : validate(schema, document, specifiedRules, { maxErrors: 20 })
  if (errors.length > 0)
    return { ...nothing, tokens, errors: errors.map((error) => mask.error(isTooMuch(error) ? tooComplex('Fewer fields, please.') : error)) }
  const fragments = document.definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION)
  return { document, fragments: new Map(fragments.map((fragment) => [fragment.name.value, fragment])), costs: new Map(), tokens }
}

function isTooLong(error: unknown): boolean {
  return error instanceof GraphQLError && error.message.includes('Document contains more th')
}

/** GraphQL's own bound on comparing fields with each other. */
function isTooMuch(error: GraphQLError): boolean {
  return error.message === 'Validation aborted.'
}

function noOperation(document: DocumentNode, name: string | null | undefined): GraphQLError {
  if (name != null) return clientError('BAD_USER_INPUT', `The document has no operation named "${name}".`)
  const isEmpty = document.definitions.every(({ kind }) => kind !== Kind.OPERATION_DEFINITION)
  return clientError(
    'BAD_USER_INPUT',
    isEmpty ? 'The document has no operation.' : 'The document has several operations: say which by operationName.',
  )
}

/** Texts lately seen, bounded by count, length and tokens: what anonymous clients send must not fill the memory, and tokens weigh most. */
function createMemory({ queryTokens }: Limits) {
  const known = new Map<string, Known>()
  let characters = 0
  let tokens = 0
  const forget = (text: string) => {
    characters -= text.length
    tokens -= known.get(text)!.tokens
    known.delete(text)
  }
  return {
    get(text: string): Known | undefined {
      const found = known.get(text)
      if (!found) return undefined
      // The one used last stands last: the first is the one to go.
      known.delete(text)
      known.set(text, found)
      return found
    },
    set(text: string, found: Known): void {
      if (text.length > queryTokens * charactersAToken) return
      known.set(text, found)
      characters += text.length
      tokens += found.tokens
      while (known.size > mostDocuments || characters > mostCharacters || tokens > mostTokens) forget(known.keys().next().value!)
    },
  }
}

const mostDocuments = 1000
const mostCharacters = 2 * 1024 * 1024
/** A token of a parsed document holds some 400 bytes. */
const mostTokens = 100_000
const charactersAToken = 16
