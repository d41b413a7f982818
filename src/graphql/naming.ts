import { type FragmentDefinitionNode, type GraphQLResolveInfo, type InlineFragmentNode, visit } from 'graphql'

/** Whether a field is asked for what only that type can tell: by `... on Type`, or by a fragment of the document. */
export function namesType({ fieldNodes, fragments }: GraphQLResolveInfo, typename: string): boolean {
  let isNamed = false
  const look = ({ typeCondition }: InlineFragmentNode | FragmentDefinitionNode) => {
    isNamed ||= typeCondition?.name.value === typename
  }
  for (const node of [...fieldNodes, ...Object.values(fragments)]) visit(node, { InlineFragment: look, FragmentDefinition: look })
  return isNamed
}
