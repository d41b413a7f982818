/** Whether lists and objects stand in each other for more than so many levels. Looks no deeper, and takes any depth itself. */
export function isDeeper(value: unknown, levels: number): boolean {
  let level = [value].filter(isNest)
  for (let depth = 0; depth < levels && level.length > 0; depth++) level = level.flatMap((nest) => Object.values(nest).filter(isNest))
  return level.length > 0
}

function isNest(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
