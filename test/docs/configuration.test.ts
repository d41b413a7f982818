import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { settings } from '../../src/config.ts'

const begin = '<!-- configuration: written from src/config.ts by `npx vitest run test/docs -u` -->\n\n'
const end = '\n<!-- /configuration -->'

it('is documented: every setting, its default and what it is', async () => {
  const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')
  const [before, table, after] = [...page.split(begin), ''].flatMap((part) => part.split(end))
  expect(table, 'The page has lost the marks around its table.').toBeDefined()
  await expect(`${before}${begin}${writeTable()}${end}${after}`).toMatchFileSnapshot('../../docs/configuration.md')
})

function writeTable(): string {
  const rows = Object.values(settings).map(({ env, fallback, about }) => [`\`${env}\``, fallback && `\`${fallback}\``, about])
  const all = [['variable', 'default', 'what it is'], ...rows]
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((row) => row[column]!.length)))
  const line = (row: string[]) => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |\n`
  return [line(all[0]!), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('')
}
