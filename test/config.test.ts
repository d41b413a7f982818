import { describe, expect, it } from 'vitest'
import { readConfig, settings } from '../src/config.ts'
import { ConfigError } from '../src/lib/settings.ts'

const amazon = 's3://files?region=eu-central-1'

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
      'LIVEKIT_URL: set wss://HOST and nothing after it',
    ],
    [
      { LIVEKIT_URL: 'wss://here', LIVEKIT_API_KEY: 'key' },
      'LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET go together: set LIVEKIT_API_SECRET too, or unset all of them.',
    ],
    [{ LIVEKIT_API_SECRET: 'secret' }, 'go together: set LIVEKIT_URL and LIVEKIT_API_KEY too, or unset all of them.'],
    [{ LIVEKIT_API_SECRET: ' secret' }, 'LIVEKIT_API_SECRET: it begins or ends with a blank.'],
    [{ CALL_REFRESH_MS: '10000' }, 'CALL_REFRESH_MS is not less than CALL_GRACE_MS'],
    [{ PAGE_DEFAULT: '200' }, 'PAGE_DEFAULT is more than PAGE_MOST'],
    [{ STORAGE_URL: 'here' }, 'STORAGE_URL: set file:FOLDER, or s3://BUCKET?endpoint=https://HOST&region=REGION'],
    [{ STORAGE_URL: 's3://files' }, 'STORAGE_URL: set file:FOLDER, or s3://'],
    [{ STORAGE_URL: 's3://files?region=eu-central-1&secret=x' }, 'STORAGE_URL: set file:FOLDER, or s3://'],
    [{ STORAGE_URL: 's3://files/folder?region=eu-central-1' }, 'STORAGE_URL: set file:FOLDER, or s3://'],
    [{ STORAGE_URL: 's3://files?endpoint=ftp://here' }, 'STORAGE_URL: set file:FOLDER, or s3://'],
    [{ STORAGE_URL: 's3://files?endpoint=https://key:secret@here' }, 'STORAGE_URL: set file:FOLDER, or s3://'],
    [{ STORAGE_URL: amazon, AWS_ACCESS_KEY_ID: 'key' }, 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY go together'],
    [{ STORAGE_URL: amazon, LINK_MS: '604801000' }, 'LINK_MS is more than a week'],
    [
      { STORAGE_URL: 's3://files?endpoint=https://chat.example.org/files', PUBLIC_URL: 'https://chat.example.org' },
      'STORAGE_URL and PUBLIC_URL lead to one origin',
    ],
  ])('refuses %o in one line that says what to set', (env, line) => {
    expect(() => readConfig(env)).toThrow(ConfigError)
    expect(() => readConfig(env)).toThrow(line)
  })

  it.each(['wss://key:hunter2@here', 'wss://here?token=hunter2', 'wss://here/livekit', 'wss://here/#x'])(
    'takes nothing for the SFU of which clients must not hear, or which its API is not at: %s',
    (url) => {
      const sfu = (LIVEKIT_URL: string) => readConfig({ LIVEKIT_URL, LIVEKIT_API_KEY: 'key', LIVEKIT_API_SECRET: 'secret' }).livekitUrl
      expect(() => sfu(url)).toThrow(/^LIVEKIT_URL: (?!.*hunter2)/)
      expect([sfu('wss://here/'), sfu('ws://here:7880')]).toEqual(['wss://here/', 'ws://here:7880'])
    },
  )

  it('reads where files are kept, and repeats no secret that was put there', () => {
    expect(readConfig({}).storage).toEqual({ kind: 'disk', folder: '.data/files' })
    expect(readConfig({ STORAGE_URL: amazon }).storage).toEqual({
      kind: 's3',
      bucket: 'files',
      endpoint: undefined,
      region: 'eu-central-1',
    })
    const elsewhere = { kind: 's3', bucket: 'files', endpoint: 'https://store.example.org:9000', region: 'us-east-1' }
    expect(readConfig({ STORAGE_URL: 's3://files?endpoint=https://store.example.org:9000' }).storage).toEqual(elsewhere)
    expect(() => readConfig({ STORAGE_URL: 's3://key:hunter2@files?region=eu-central-1' })).toThrow(/^(?!.*hunter2)/)
    // Keys that are there for something else are no matter to a folder.
    expect(readConfig({ AWS_ACCESS_KEY_ID: 'key' }).storage.kind).toBe('disk')
  })
})
