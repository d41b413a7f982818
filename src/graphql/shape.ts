import { type DocumentNode, getOperationAST, Kind, visit } from 'graphql'

/** A parsed and validated subscription. */
export interface LiveOperation {
  readonly document: DocumentNode
  readonly operationName: string | null | undefined
  readonly variables: Record<string, unknown> | null | undefined
}

/** Operations of the same shape give the same answer to the same event. `after` is where a reader stands, and no part of the answer. */
export function shapeOf({ document, operationName, variables }: LiveOperation): string {
  let number = documentNumbers.get(document)
  if (number === undefined) {
    number = ++documents
    documentNumbers.set(document, number)
  }
  const position = positionVariable(document, operationName)
  const rest = Object.entries(variables ?? {}).filter(([name]) => name !== position)
  return JSON.stringify([number, operationName ?? null, rest.sort(([one], [other]) => (one < other ? -1 : 1))])
}

const documentNumbers = new WeakMap<DocumentNode, number>()
let documents = 0

/** The variable that is given as `after` to the followed field, and nowhere else. */
function positionVariable(document: DocumentNode, operationName: string | null | undefined): string | undefined {
  let byOperation = positionVariables.get(document)
  if (!byOperation) {
    byOperation = new Map()
    positionVariables.set(document, byOperation)
  }
  const key = operationName ?? null
  if (!byOperation.has(key)) byOperation.set(key, findPositionVariable(document, operationName))
  return byOperation.get(key)
}

const positionVariables = new WeakMap<DocumentNode, Map<string | null, string | undefined>>()

function findPositionVariable(document: DocumentNode, operationName: string | null | undefined): string | undefined {
  const field = getOperationAST(document, operationName)?.selectionSet.selections[0]
  if (field?.kind !== Kind.FIELD) return undefined
  const given = field.arguments?.find(({ name }) => name.value === 'after')?.value
  if (given?.kind !== Kind.VARIABLE) return undefined
  const name = given.name.value
  let uses = 0
  visit(document, {
    VariableDefinition: (definition) => (definition.variable.name.value === name ? false : undefined),
    Variable: (variable) => {
      if (variable.name.value === name) uses++
    },
  })
  return uses === 1 ? name : undefined
}
