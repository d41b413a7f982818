import type { Database } from '../../src/store/database.ts'

export interface Statement {
  readonly text: string
  readonly values: unknown[] | undefined
}

/** What Postgres does for a statement. */
export interface Plan {
  /** Its nodes from the top, with the indexes that they use. */
  readonly nodes: readonly string[]
  /** Pages of tables and indexes that it looked at, wherever they were. */
  readonly buffers: number
  /** The most rows that one of its nodes brought. */
  readonly rows: number
  readonly ms: number
}

/** The same database, keeping what it is asked by `sql`, so that the very statement can be explained. */
export function recorded(database: Database): Database & { readonly asked: Statement[] } {
  const asked: Statement[] = []
  return {
    ...database,
    asked,
    sql: (text, values) => {
      asked.push({ text, values })
      return database.sql(text, values)
    },
  }
}

/** Runs it on Postgres, with its values: planned as when it was asked. */
export async function explain({ sql }: Database, { text, values }: Statement): Promise<Plan> {
  const [row] = await sql<{ 'QUERY PLAN': [Explained] }>(`explain (analyze, buffers, format json) ${text}`, values)
  const [{ Plan: top, 'Execution Time': ms }] = row!['QUERY PLAN']
  return { nodes: nodesOf(top), buffers: top['Shared Hit Blocks'] + top['Shared Read Blocks'], rows: mostRows(top), ms }
}

interface Explained {
  readonly Plan: ExplainedNode
  readonly 'Execution Time': number
}

interface ExplainedNode {
  readonly 'Node Type': string
  readonly 'Index Name'?: string
  readonly 'Actual Rows': number
  readonly 'Shared Hit Blocks': number
  readonly 'Shared Read Blocks': number
  readonly Plans?: readonly ExplainedNode[]
}

function nodesOf(node: ExplainedNode): string[] {
  const { 'Node Type': type, 'Index Name': index, Plans: below = [] } = node
  return [index ? `${type} using ${index}` : type, ...below.flatMap(nodesOf)]
}

function mostRows({ 'Actual Rows': rows, Plans: below = [] }: ExplainedNode): number {
  return Math.max(rows, ...below.map(mostRows))
}
