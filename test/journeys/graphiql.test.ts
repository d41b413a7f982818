import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { chromiumOptions, findChromium } from '../support/chromium.ts'
import { type Parley, startParley } from '../support/parley.ts'
import { describeWith } from '../support/services.ts'
import { until } from '../support/until.ts'

describeWith(['chromium'], 'GraphiQL in a browser', () => {
  let parley: Parley
  let browser: Browser
  let page: Page
  const askedElsewhere: string[] = []
  const wrong: string[] = []

  beforeAll(async () => {
    parley = await startParley({ DATABASE_URL: 'pglite:memory' })
    browser = await chromium.launch(chromiumOptions(findChromium()!))
    page = await browser.newPage({ viewport: { width: 1400, height: 900 } })
    page.on('request', (request) => {
      if (!request.url().startsWith(parley.url) && !/^(data|blob):/.test(request.url())) askedElsewhere.push(request.url())
    })
    page.on('pageerror', (error) => wrong.push(error.message))
    await page.goto(`${parley.url}/`)
  })
  afterAll(async () => {
    await browser?.close()
    await parley?.close()
  })

  it('leads from a sign-up to a first message heard and a first meeting, tab by tab, with nothing to be copied', {
    timeout: 60_000,
  }, async () => {
    await run('SignUp', () => answered('accessToken', 'ada'))
    await run('CreateRoom', () => answered('First room'))
    await run('Say', () => answered('Hello!'))
    await run('Follow', () => answered('messageAdded', 'Hello!'))
    await run('React', () => answered('Hello!', '👋', '"unreadCount": 0'))
    await run('Meet', () => answered('"status": "SCHEDULED"', 'originalStart', '.ics'))
    expect(wrong).toEqual([])
  })

  it('comes back with its six tabs, and asks nobody else for anything', { timeout: 60_000 }, async () => {
    await page.reload()
    await page.getByRole('tab', { name: 'Follow' }).waitFor()
    expect(await page.getByRole('tab').count()).toBe(6)
    await page.goto(`${parley.url}/graphql`)
    await page.getByRole('tab', { name: 'Follow' }).waitFor()
    expect(await page.getByRole('tab').count()).toBe(6)
    expect(askedElsewhere).toEqual([])
    expect(wrong).toEqual([])
  })

  async function run(tab: string, isDone: () => Promise<boolean>): Promise<void> {
    await page.locator('.graphiql-tab-button', { hasText: tab }).click()
    await shows('.graphiql-query-editor', tab)
    // It looks a moment later which operation the tab holds, and until then refuses to run that of the tab before.
    await page.locator('.graphiql-execute-button').click()
    await until(async () => {
      if (await answered('Cannot infer operation')) await page.locator('.graphiql-execute-button').click()
      return isDone()
    })
  }

  async function answered(...words: string[]): Promise<boolean> {
    const text = await textOf('.graphiql-response')
    return words.every((word) => text.includes(word))
  }

  async function shows(place: string, word: string): Promise<void> {
    await until(async () => (await textOf(place)).includes(word), { what: `${word} in ${place}` })
  }

  /** The editor draws spaces as another character. */
  async function textOf(place: string): Promise<string> {
    return ((await page.locator(place).textContent()) ?? '').replaceAll('\u00a0', ' ')
  }
})
