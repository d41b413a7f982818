import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'

/** Top to bottom: a file imports from its own floor or the floors below it. */
const floors = ['main.ts', 'app.ts', 'config.ts', 'server', 'features', 'graphql', 'engine', 'store', 'lib']

/** Whoever builds the rest is handed the configuration whole; everybody else gets their part as an argument. */
const mayImportConfig = ['main.ts', 'app.ts']

/** Source by path within src, such as `engine/hub.ts`. */
export type Tree = Record<string, string>

/**
 * What is wrong with the house: an import from a floor above, of config.ts by anybody but main and app, or from outside src, and circles of
 * files. An `import type` is gone when the program runs, so it makes no circle; it does count for the floors.
 */
export function faults(tree: Tree): string[] {
  const imports = Object.entries(tree).flatMap(([file, source]) => importsOf(file, source))
  const strays = Object.keys(tree).filter((file) => floorOf(file) === -1)
  return [
    ...strays.map((file) => `${file} is on no floor: there are ${floors.join(', ')}`),
    ...imports.flatMap(floorFault),
    ...circles(imports).map((circle) => `A circle: ${circle.join(' -> ')}`),
  ]
}

/** All TypeScript of a folder except what is generated. */
export function readTree(folder: string): Tree {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => file.replaceAll('\\', '/'))
  const written = files.filter((file) => file.endsWith('.ts') && !file.includes('generated/'))
  return Object.fromEntries(written.map((file) => [file, readFileSync(join(folder, file), 'utf8')]))
}

interface Import {
  from: string
  to: string
  typeOnly: boolean
}

const clause = String.raw`(?:(?!\b(?:import|export)\b)[\w\s{},*$])*?`
const statement = new RegExp(
  String.raw`^[ \t]*(?:import|export)\s+(?<type>type\s+(?!from\b))?${clause}\bfrom\s*['"](?<path>[^'"]+)['"]`,
  'gm',
)
const sideEffect = /^[ \t]*import\s*['"](?<path>[^'"]+)['"]/gm
const dynamic = /\bimport\(\s*['"](?<path>[^'"]+)['"]/g

function importsOf(from: string, source: string): Import[] {
  const code = source.replace(/^[ \t]*\/\*[\s\S]*?\*\/|^[ \t]*\/\/.*$/gm, '')
  return [statement, sideEffect, dynamic]
    .flatMap((pattern) => [...code.matchAll(pattern)])
    .map((match) => match.groups as { path: string; type?: string })
    .filter(({ path }) => path.startsWith('.'))
    .map(({ path, type }) => ({ from, to: posix.join(posix.dirname(from), path), typeOnly: type !== undefined }))
}

function floorFault({ from, to }: Import): string[] {
  if (to.startsWith('..')) return [`${from} imports ${to}, from outside src`]
  if (!to.endsWith('.ts')) return [`${from} imports ${to}, which does not end in .ts`]
  if (floorOf(to) === -1) return [`${from} imports ${to}, which is on no floor`]
  if (to === 'config.ts' && !mayImportConfig.includes(from)) return [`${from} imports config.ts: let it be handed its part`]
  if (floorOf(to) < floorOf(from)) return [`${from} imports ${to}, from a floor above its own`]
  return []
}

function floorOf(file: string): number {
  return floors.indexOf(file.split('/')[0]!)
}

/** One circle for every import that closes one, each told from its first file in the alphabet, and once. */
function circles(imports: Import[]): string[][] {
  const next = new Map<string, string[]>()
  for (const { from, to, typeOnly } of imports) {
    if (!typeOnly) next.set(from, [...(next.get(from) ?? []), to])
  }
  const found = new Map<string, string[]>()
  const done = new Set<string>()
  const visit = (file: string, path: string[]): void => {
    const start = path.indexOf(file)
    if (start !== -1) {
      const circle = fromFirst(path.slice(start))
      found.set(circle.join(), circle)
    } else if (!done.has(file)) {
      for (const to of next.get(file) ?? []) visit(to, [...path, file])
      done.add(file)
    }
  }
  for (const file of next.keys()) visit(file, [])
  return [...found.values()]
}

function fromFirst(circle: string[]): string[] {
  const first = circle.indexOf([...circle].sort()[0]!)
  const turned = [...circle.slice(first), ...circle.slice(0, first)]
  return [...turned, turned[0]!]
}
