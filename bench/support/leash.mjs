// Runs the program named by its first argument for as long as whoever forked this lives, however that ends; profiles it when told to.
// Plain JavaScript, so that a built program runs as it would without this.
import { writeFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { pathToFileURL } from 'node:url'

process.on('disconnect', () => process.exit())

// First the program: what it is told before it listens is kept for it, until anybody listens.
await import(pathToFileURL(process.argv[2]).href)

const session = new Session()
process.on('message', async ({ profile, file }) => {
  if (profile === 'start') {
    session.connect()
    await session.post('Profiler.enable')
    await session.post('Profiler.setSamplingInterval', { interval: 200 })
    await session.post('Profiler.start')
    process.send({ profile: 'started' })
  } else if (profile === 'stop') {
    const stopped = await session.post('Profiler.stop')
    session.disconnect()
    writeFileSync(file, JSON.stringify(stopped.profile))
    process.send({ profile: 'stopped' })
  }
})
