import { createApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { createRedisBus } from '../../src/engine/bus-redis.ts'

/** A node that is killed between commit and publish: when it is about to publish what says these words. For a process of its own. */
const lastWords = 'Last words'

const config = readConfig({ PORT: '0', LIMITS: 'off', LOG_LEVEL: 'error', ...process.env })
const bus = createRedisBus(config.redisUrl!, () => {})
const app = await createApp(config, {
  bus: {
    ...bus,
    get isUp() {
      return bus.isUp
    },
    publish(topic, message) {
      if (JSON.stringify(message).includes(lastWords)) process.kill(process.pid, 'SIGKILL')
      bus.publish(topic, message)
    },
  },
})
// Whoever started it is no more.
process.stdin.resume().once('end', () => process.exit())
console.log(app.url.replace('localhost', '127.0.0.1'))
