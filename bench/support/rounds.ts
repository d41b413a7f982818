/** What one candidate gave in one round: figures by name. */
export type Figures = Readonly<Record<string, number>>

export interface Candidate {
  readonly name: string
  measure(): Promise<Figures>
}

export interface RoundsOptions {
  readonly rounds: number
  /** No new round begins after this. */
  readonly mostMs: number
}

export interface Result {
  /** Medians of the rounds. */
  readonly figures: Figures
  /** Medians of what the figures were in each round against those of the base in the same round. */
  readonly ratios: Figures
}

/**
 * Measures every candidate once a round, each round in another order, after one round that does not count. A busy machine so disturbs all
 * of them alike, and the median forgets it.
 */
export async function inRounds(
  candidates: readonly Candidate[],
  { rounds, mostMs }: RoundsOptions,
  base: string,
): Promise<Map<string, Result>> {
  const samples = new Map<string, Figures[]>(candidates.map(({ name }) => [name, []]))
  const end = performance.now() + mostMs
  for (const { measure } of candidates) await measure()
  for (let round = 0; round < rounds && (round === 0 || performance.now() < end); round++) {
    const first = round % candidates.length
    for (const { name, measure } of [...candidates.slice(first), ...candidates.slice(0, first)]) samples.get(name)!.push(await measure())
  }
  const bases = samples.get(base)!
  return new Map(
    [...samples].map(([name, rows]) => [
      name,
      { figures: medians(rows), ratios: medians(rows.map((row, round) => against(row, bases[round]!))) },
    ]),
  )
}

function against(row: Figures, base: Figures): Figures {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value / base[name]!]))
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!
}

export function printTable(title: string, columns: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  const texts = [columns, ...rows].map((row) => row.map((cell) => (typeof cell === 'number' ? figure(cell) : cell)))
  const widths = columns.map((_, index) => Math.max(...texts.map((row) => row[index]!.length)))
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, index) => (index === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[index]!))).join(' | ')} |`
  const [head, ...body] = texts.map(line)
  console.log([`\n${title}\n`, head, line(widths.map((width) => '-'.repeat(width))), ...body].join('\n'))
}

function medians(samples: readonly Figures[]): Figures {
  return Object.fromEntries(Object.keys(samples[0]!).map((name) => [name, median(samples.map((figures) => figures[name]!))]))
}

/** Three digits that say something. */
function figure(value: number): string {
  if (!Number.isFinite(value)) return 'unknown'
  if (value >= 100) return Math.round(value).toLocaleString('en')
  return value.toFixed(value >= 10 ? 1 : 2)
}
