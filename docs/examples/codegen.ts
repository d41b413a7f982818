// For `npx graphql-codegen`, in an app that keeps Parley's schema.graphql beside its package.json.

const config = {
  scalars: { ID: 'string', Cursor: 'string', DateTime: 'string' },
  useTypeImports: true,
  // Optimistic answers are written with their types; an operation has none.
  nonOptionalTypename: true,
  skipTypeNameForRoot: true,
}

export default {
  schema: 'schema.graphql',
  documents: 'src/operations.graphql',
  generates: {
    'src/generated/documents.ts': { plugins: ['typescript-operations', 'typed-document-node'], config },
    'src/generated/possible-types.ts': { plugins: ['fragment-matcher'], config },
  },
}
