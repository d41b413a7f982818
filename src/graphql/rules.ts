import { type ASTVisitor, type FragmentDefinitionNode, Kind, type SelectionSetNode, type ValidationContext, visit } from 'graphql'
import { clientError } from './errors.ts'
import type { Limits } from './limits.ts'

/**
 * What a document's shape may be: so many levels, so many aliases. Introspection has levels of its own, so that the tools' standard query
 * passes. These rules are run before GraphQL's: what passes them is small enough for those.
 */
export function shapeRules({ queryDepth, queryAliases }: Limits): ((context: ValidationContext) => ASTVisitor)[] {
  return [
    (context) => ({
      Document(document) {
        const depth = measure(context)
        for (const definition of document.definitions) {
          if (definition.kind !== Kind.OPERATION_DEFINITION) continue
          const { plain, introspection } = depth(definition.selectionSet)
          if (plain > queryDepth) context.reportError(tooComplex(`At most ${queryDepth} levels, please: this query has ${plain}.`))
          if (introspection > introspectionDepth)
            context.reportError(tooComplex(`At most ${introspectionDepth} levels of introspection, please.`))
        }
      },
    }),
    (context) => ({
      Document(document) {
        let aliases = 0
        const counts = new Map<string, number>()
        visit(document, {
          Field({ alias, name }) {
            if (alias) aliases++
            const shown = (alias ?? name).value
            counts.set(shown, (counts.get(shown) ?? 0) + 1)
          },
        })
        const comparisons = [...counts.values()].reduce((sum, count) => sum + count * count, 0)
        if (comparisons > mostComparisons) context.reportError(tooComplex('Fewer fields of the same name, please.'))
        if (aliases > queryAliases)
          context.reportError(tooComplex(`At most ${queryAliases} aliases, please: this document has ${aliases}.`))
      },
    }),
  ]
}

export function tooComplex(sentence: string) {
  return clientError('QUERY_TOO_COMPLEX', sentence)
}

/**
 * Fields that have one name in the answer are compared, each with each: a few hundred of them cost more than all else about a document.
 * What people and their tools write stays far below.
 */
const mostComparisons = 50_000

/** The standard query goes 14 levels down; some tools unwrap more of a type. */
const introspectionDepth = 20

interface Depth {
  readonly plain: number
  readonly introspection: number
}

/** Each fragment is measured once, wherever it is spread; one that leads back to itself adds nothing (another rule refuses it). */
function measure(context: ValidationContext): (selections: SelectionSetNode) => Depth {
  const measured = new Map<FragmentDefinitionNode, Depth>()
  const ofFragment = (fragment: FragmentDefinitionNode): Depth => {
    const known = measured.get(fragment)
    if (known) return known
    measured.set(fragment, none)
    const depth = ofSelections(fragment.selectionSet)
    measured.set(fragment, depth)
    return depth
  }
  const ofSelections = ({ selections }: SelectionSetNode): Depth => {
    let deepest = none
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) deepest = deeper(deepest, ofField(selection.name.value, selection.selectionSet))
      else if (selection.kind === Kind.INLINE_FRAGMENT) deepest = deeper(deepest, ofSelections(selection.selectionSet))
      else {
        const fragment = context.getFragment(selection.name.value)
        if (fragment) deepest = deeper(deepest, ofFragment(fragment))
      }
    }
    return deepest
  }
  const ofField = (name: string, selections: SelectionSetNode | undefined): Depth => {
    const { plain, introspection } = selections ? ofSelections(selections) : none
    if (name === '__schema' || name === '__type') return { plain: 0, introspection: 1 + Math.max(plain, introspection) }
    return { plain: plain + 1, introspection }
  }
  return ofSelections
}

const none: Depth = { plain: 0, introspection: 0 }

function deeper(one: Depth, other: Depth): Depth {
  return { plain: Math.max(one.plain, other.plain), introspection: Math.max(one.introspection, other.introspection) }
}
