import type { LaunchOptions } from 'playwright-core'
import { findProgram } from './program.ts'

/** A browser's program, where one is installed. */
export function findChromium(): string | undefined {
  return findProgram('chromium') ?? findProgram('chromium-browser') ?? findProgram('google-chrome')
}

/** Without a window, and without a word to anybody but the pages it is sent to. */
export function chromiumOptions(executablePath: string): LaunchOptions {
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run', '--disable-quic']
  return { executablePath, args: ['--headless', '--no-sandbox', '--disable-gpu', ...quiet] }
}
