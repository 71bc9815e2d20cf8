import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { lookAt } from './process-info.ts'

/**
 * Starts one process whose watchdog is called off, one that is watched (and holds file descriptor 3 until it ends), and
 * one without a watchdog; and goes on.
 */
const starter = `
  import { spawn } from 'node:child_process'
  import { watchdog } from '${import.meta.dirname}/watchdog.ts'
  const sleep = (fd) => spawn('sleep', ['600'], { detached: true, stdio: ['ignore', 'ignore', 'ignore', fd] }).pid
  const spared = sleep('ignore')
  watchdog(spared, 'SIGTERM')()
  const watched = sleep(3)
  watchdog(watched, 'SIGTERM')
  console.log(spared, watched, sleep('ignore'))
`

test('ends the process when the one that started it is killed; not one that it was called off from, nor a later child', async () => {
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', starter], {
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
  })
  const [line] = (await once(createInterface(child.stdout!), 'line')) as [string]
  const [spared, watched, later] = line.split(' ').map(Number) as [number, number, number]
  child.kill('SIGKILL')
  await text(child.stdio[3] as NodeJS.ReadableStream)
  expect([spared, watched, later].map((pid) => Boolean(lookAt(pid)))).toEqual([true, false, true])
  process.kill(spared)
  process.kill(later)
})
