/** Serialisation failures and deadlocks: the transaction did nothing, and may be tried again. */
export function isConflict(error: unknown): boolean {
  return hasCode(error, ['P2034', '40001', '40P01'])
}

/** What has to be unique is there already. */
export function isTaken(error: unknown): boolean {
  return hasCode(error, ['P2002', '23505'])
}

/** The server or the way to it broke: whether a commit happened is not known. */
export function isLostConnection(error: unknown): boolean {
  return (
    hasCode(error, [
      'P1001',
      'P1002',
      'P1017',
      'P2024',
      'P2028',
      '57P01',
      '57P02',
      '57P03',
      '08006',
      '08003',
      'ECONNREFUSED',
      'ECONNRESET',
      'EPIPE',
    ]) ||
    /terminated|Connection (ended|closed)|ConnectionClosed|not queryable|Query read timeout/i.test(
      error instanceof Error ? error.message : '',
    )
  )
}

/** Looks at the error and at what caused it: a raw statement's failure is wrapped by Prisma, the driver's code inside. */
function hasCode(error: unknown, codes: string[], depth = 0): boolean {
  if (typeof error !== 'object' || error === null || depth > 5) return false
  const { code, originalCode, cause, meta } = error as Record<string, unknown>
  if (codes.includes(String(code)) || codes.includes(String(originalCode))) return true
  return [cause, meta, (meta as Record<string, unknown> | undefined)?.driverAdapterError].some((inner) => hasCode(inner, codes, depth + 1))
}
