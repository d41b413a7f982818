import { readFileSync } from 'node:fs'
import { buildSchema, type GraphQLInterfaceType } from 'graphql'
import { describe, expect, it } from 'vitest'
import { errorCodes } from '../../src/lib/refusal.ts'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const page = read('docs/events.md')
const schema = buildSchema(read('schema.graphql'))

describe('the table of events in docs/events.md', () => {
  const rows = section('What each event carries').map(([event, stream, carries, from]) => {
    return { event: names(event!)[0]!, stream: stream!, carries: names(carries!), from: names(from!) }
  })

  it.each([
    ['room', 'RoomEvent'],
    ['team', 'TeamEvent'],
    ['inbox', 'InboxEvent'],
  ])('tells of every event of a %s, and what it carries', (stream, name) => {
    const common = schema.getType(name) as GraphQLInterfaceType
    const shared = Object.keys(common.getFields())
    const events = schema.getImplementations(common).objects.map((type) => {
      const own = Object.keys(type.getFields()).filter((field) => !shared.includes(field))
      return [type.name, own.sort()]
    })
    const told = rows.filter((row) => row.stream === stream).map(({ event, carries }) => [event, carries.sort()])
    expect(Object.fromEntries(told)).toEqual(Object.fromEntries(events))
  })

  it('knows for every mutation which events come of it', () => {
    const without = names(/^Without an event: ([^.]*)\./m.exec(page)![1]!)
    const told = new Set([...rows.flatMap(({ from }) => from), ...without])
    expect([...told].sort()).toEqual(Object.keys(schema.getMutationType()!.getFields()).sort())
  })
})

describe('the table of codes in docs/events.md', () => {
  it('tells of every code', () => {
    const told = section('Errors').map(([code]) => names(code!)[0])
    expect(told.sort()).toEqual([...errorCodes, 'INTERNAL_SERVER_ERROR'].sort())
  })
})

/** The cells of the table under a heading. */
function section(heading: string): string[][] {
  const text = page.split(`\n## ${heading}\n`)[1]!.split('\n## ')[0]!
  const lines = text.split('\n').filter((line) => line.startsWith('| '))
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

/** What stands between backticks. */
function names(text: string): string[] {
  return [...text.matchAll(/`(\w+)`/g)].map(([, name]) => name!)
}
