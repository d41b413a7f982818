import type { ExecutionResult } from 'graphql'

/** The code of the only error of an answer; undefined when it has none. More than one is a surprise. */
export function codeOf({ errors }: { readonly errors?: ExecutionResult['errors'] | undefined }): unknown {
  if (errors && errors.length > 1) throw new Error(errors.map(({ message }) => message).join('\n'))
  const [error] = errors ?? []
  if (error && error.extensions.code === undefined) throw error.originalError ?? error
  return error?.extensions.code
}
