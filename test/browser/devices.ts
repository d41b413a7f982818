import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { type Browser, chromium, type Page } from 'playwright-core'
import type { Person } from '../journeys/person.ts'
import { chromiumOptions, findChromium } from '../support/chromium.ts'
import type { Parley } from '../support/parley.ts'
import { until } from '../support/until.ts'
import type { Device, DeviceOptions, Look } from './device.ts'

/** Browsers with made-up cameras and microphones, on a bare page with nothing but the client of the documents. */
export interface Devices {
  /** Of the page: nodes have to welcome it. */
  readonly origin: string
  /** In a context of its own, signed in, and listening for calls. After a lost connection it turns to the next of the nodes. */
  open(person: Person, nodes: readonly Pick<Parley, 'url'>[], options?: Omit<DeviceOptions, 'nodes' | 'tokens'>): Promise<OpenDevice>
  /** Closes those that are open, and answers what went wrong in their pages. */
  closeAll(): Promise<readonly string[]>
  close(): Promise<void>
}

export interface OpenDevice extends Omit<Device, 'open'> {
  readonly page: Page
  sees(what: string, isSo: (look: Look) => boolean): Promise<Look>
  /** Sound and moving pictures of so many others, by ways of that kind. */
  receives(others: number, way: string): Promise<void>
  /** Without a goodbye. */
  close(): Promise<void>
}

export async function openDevices(): Promise<Devices> {
  const site = await servePage()
  const browser = await launch().catch(async (error) => {
    await site.close()
    throw error
  })
  const wrong: string[] = []
  return {
    origin: site.origin,
    async open(person, nodes, options = {}) {
      const context = await browser.newContext({ viewport: { width: 360, height: 320 } })
      const page = await context.newPage()
      page.on('pageerror', ({ message }) => wrong.push(message))
      page.on('console', (message) => {
        // A lost connection is no fault of the page's.
        if (message.type() === 'error' && !/^(Failed to load resource|WebSocket connection)/.test(message.text()))
          wrong.push(message.text())
      })
      await page.goto(site.origin)
      const { accessToken, refreshToken } = person
      const tokens = { accessToken, refreshToken, accessTokenExpiresAt: new Date(Date.now() + 600_000).toISOString() }
      await page.evaluate((options) => window.device.open(options), { nodes: nodes.map(({ url }) => url), tokens, ...options })
      return deviceOn(page)
    },
    async closeAll() {
      for (const context of browser.contexts()) await context.close()
      return wrong.splice(0)
    },
    async close() {
      await browser.close()
      await site.close()
    },
  }
}

function launch(): Promise<Browser> {
  const { args = [], ...options } = chromiumOptions(findChromium()!)
  const fakes = ['--use-fake-device-for-media-stream=fps=10', '--use-fake-ui-for-media-stream', '--allow-loopback-in-peer-connection']
  return chromium.launch({ ...options, args: [...args, ...fakes] })
}

function deviceOn(page: Page): OpenDevice {
  const look = () => page.evaluate(() => window.device.look())
  async function sees(what: string, isSo: (look: Look) => boolean): Promise<Look> {
    let last: Look | undefined
    const seen = async () => {
      last = await look()
      return isSo(last) ? last : undefined
    }
    return until(seen, { within: longestMs, what, every: 100 }).catch((error) => {
      throw new Error(`${error.message}, but ${JSON.stringify(last)}`)
    })
  }

  return {
    page,
    look,
    sees,
    start: (roomId) => page.evaluate((roomId) => window.device.start(roomId), roomId),
    meet: (meetingId) => page.evaluate((meetingId) => window.device.meet(meetingId), meetingId),
    answer: () => page.evaluate(() => window.device.answer()),
    show: (sent) => page.evaluate((sent) => window.device.show(sent), sent),
    hangUp: () => page.evaluate(() => window.device.hangUp()),
    async receives(others, way) {
      const { flows: before } = await sees(`${others} connected by ${way}`, ({ flows }) => {
        const there = flows.filter(
          (flow) => flow.state === 'connected' && flow.way === way && flow.width > 0 && flow.picture.brightness > 0,
        )
        return flows.length === others && there.length === others
      })
      for (const first of before)
        await sees('sound and pictures going on', ({ flows }) => {
          const now = flows.find((flow) => flow.with === first.with)
          if (!now) return false
          const goesOn = now.framesDecoded > first.framesDecoded && now.audioBytes > first.audioBytes
          return goesOn && now.picture.print !== first.picture.print
        })
    },
    close: () => page.context().close(),
  }
}

/** All its pictures are drawn and packed by the processor, which others use too. */
const longestMs = 45_000

/** On this machine alone. */
async function servePage(): Promise<{ origin: string; close(): Promise<void> }> {
  const entry = fileURLToPath(new URL('device.ts', import.meta.url))
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, format: 'esm', platform: 'browser', write: false })
  const files: Record<string, { type: string; body: string }> = {
    '/': { type: 'text/html', body: page },
    '/device.js': { type: 'text/javascript', body: outputFiles[0]!.text },
  }
  const server = createServer(({ url = '/' }, response) => {
    const file = files[url]
    response.writeHead(file ? 200 : 404, { 'content-type': `${file?.type ?? 'text/plain'}; charset=utf-8` }).end(file?.body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  }
}

const page = `<!doctype html>
<title>A device in a call</title>
<link rel="icon" href="data:,">
<style>figure { display: inline-block; margin: 4px } video { width: 160px; background: black }</style>
<script type="module" src="/device.js"></script>`
