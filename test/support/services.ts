import { describe } from 'vitest'
import { findChromium } from './chromium.ts'
import { findCoturn } from './coturn.ts'
import { findPostgres } from './postgres.ts'
import { findRedis } from './redis.ts'
import { findSwift } from './swift.ts'

export type Service = 'postgres' | 'redis' | 'chromium' | 'coturn' | 'swift'

/**
 * `describe` for a suite that needs real services; it starts them in its hooks and tests, for its body runs in any case. Where one is not
 * installed the suite is skipped, and loudly: its name says why. With PARLEY_REQUIRE_SERVICES=1, as on the build server, it fails instead.
 */
export function describeWith(services: Service[], name: string, suite: () => void): void {
  const missing = services.filter((service) => !find[service]())
  if (missing.length === 0 || process.env.PARLEY_REQUIRE_SERVICES === '1') {
    describe(name, suite)
    return
  }
  console.warn(`SKIPPED, not installed here (${missing.join(', ')}): ${name}`)
  describe.skip(`${name} (skipped: ${missing.join(' and ')} not installed)`, suite)
}

const find: Record<Service, () => string | undefined> = {
  postgres: findPostgres,
  redis: findRedis,
  chromium: findChromium,
  coturn: findCoturn,
  swift: findSwift,
}
