import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const root = new URL('../../', import.meta.url)
const inDocs = readdirSync(new URL('docs/', root), { recursive: true, encoding: 'utf8' }).map(
  (file) => `docs/${file.replaceAll('\\', '/')}`,
)
const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...inDocs.filter((file) => file.endsWith('.md'))]

it.each(pages)('%s links to what is there', (page) => {
  const links = [...read(new URL(page, root)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!)
  const dead = links.filter((link) => {
    if (/^https?:/.test(link)) return false
    const target = new URL(link, new URL(page, root))
    const anchor = target.hash.slice(1)
    target.hash = ''
    return !existsSync(target) || (anchor !== '' && !anchorsOf(read(target)).includes(anchor))
  })
  expect(dead).toEqual([])
})

it('every decision is in their list, under its title', () => {
  const list = read(new URL('docs/decisions/README.md', root))
  const listed = [...list.matchAll(/^\| \[(\d+)\]\((.*?)\) *\| (.*?) *\|$/gm)].map(
    ([, number, file, title]) => `${number} ${file} ${title}`,
  )
  const files = readdirSync(new URL('docs/decisions/', root)).filter((file) => /^\d/.test(file))
  const told = files.sort().map((file) => {
    const [, number, title] = /^# (\d+)\. (.*)$/m.exec(read(new URL(`docs/decisions/${file}`, root)))!
    return `${number!.padStart(4, '0')} ${file} ${title}`
  })
  expect(listed).toEqual(told)
})

function read(file: URL): string {
  return readFileSync(file, 'utf8')
}

/** As GitHub makes them of headings. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )
}
