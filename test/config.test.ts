import { describe, expect, it } from 'vitest'
import { ConfigError, readConfig, settings } from '../src/config.ts'

describe('the configuration', () => {
  it('takes what is set to nothing for not set, whatever it is', () => {
    const empty = Object.fromEntries(Object.values(settings).map(({ env }) => [env, '']))
    expect(readConfig(empty)).toEqual(readConfig({}))
  })

  it.each([
    [{ PORT: '70000' }, 'PORT=70000: set a whole number from 0 to 65535.'],
    [{ DATABASE_URL: 'mysql://here' }, 'DATABASE_URL=mysql://here: set postgres://USER:PASSWORD@HOST/NAME, or pglite:FOLDER.'],
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL=loud: set one of debug, info, warn, error.'],
    [{ CORS_ORIGINS: 'https://a.example, b' }, 'CORS_ORIGINS: b: set an origin, such as https://chat.example.org.'],
    [{ REDIS_URL: 'redis://here' }, 'REDIS_URL is for several nodes'],
    [{ LIMITS: 'off', HOST: '0.0.0.0' }, 'LIMITS=off is for benches'],
    [{ TURN_URLS: 'turn:here' }, 'TURN_URLS without TURN_SECRET'],
    [{ TURN_URLS: 'https://here', TURN_SECRET: 'secret' }, 'TURN_URLS: https://here: set a URL that begins with turn: or turns:.'],
    [{ TURN_SECRET: ' secret' }, 'TURN_SECRET: it begins or ends with a blank.'],
    [
      { LIVEKIT_URL: 'https://here', LIVEKIT_API_KEY: 'key', LIVEKIT_API_SECRET: 'secret' },
      'LIVEKIT_URL=https://here: set a URL that begins',
    ],
    [
      { LIVEKIT_URL: 'wss://here', LIVEKIT_API_KEY: 'key' },
      'LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET go together: set LIVEKIT_API_SECRET too, or unset all of them.',
    ],
    [{ LIVEKIT_API_SECRET: 'secret' }, 'go together: set LIVEKIT_URL and LIVEKIT_API_KEY too, or unset all of them.'],
    [{ LIVEKIT_API_SECRET: ' secret' }, 'LIVEKIT_API_SECRET: it begins or ends with a blank.'],
    [{ CALL_REFRESH_MS: '10000' }, 'CALL_REFRESH_MS is not less than CALL_GRACE_MS'],
    [{ PAGE_DEFAULT: '200' }, 'PAGE_DEFAULT is more than PAGE_MOST'],
  ])('refuses %o in one line that says what to set', (env, line) => {
    expect(() => readConfig(env)).toThrow(ConfigError)
    expect(() => readConfig(env)).toThrow(line)
  })
})
