import { type FragmentDefinitionNode, type GraphQLResolveInfo, type InlineFragmentNode, Kind, type SelectionNode, visit } from 'graphql'

/** Whether a field is asked for what only that type can tell: by `... on Type`, or by a fragment of the document. */
export function namesType({ fieldNodes, fragments }: GraphQLResolveInfo, typename: string): boolean {
  let isNamed = false
  const look = ({ typeCondition }: InlineFragmentNode | FragmentDefinitionNode) => {
    isNamed ||= typeCondition?.name.value === typename
  }
  for (const node of [...fieldNodes, ...Object.values(fragments)]) visit(node, { InlineFragment: look, FragmentDefinition: look })
  return isNamed
}

/** Whether an answer shows no more than which object each is, as a client mostly asks that sends the same every few seconds. */
export function namesOnly({ fieldNodes }: GraphQLResolveInfo): boolean {
  const isName = (selection: SelectionNode): boolean => {
    if (selection.kind !== Kind.FIELD) return false
    return selection.selectionSet ? selection.selectionSet.selections.every(isName) : ['id', '__typename'].includes(selection.name.value)
  }
  return fieldNodes.every(isName)
}
