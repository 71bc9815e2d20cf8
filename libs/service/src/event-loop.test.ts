import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { pino } from 'pino'
import { watchEventLoop } from './event-loop.ts'

test.each([
  ['in every turn', 1],
  ['half of the time, in one turn of many', 150],
])('a loop that is blocked %s is overloaded, and then itself again', async (_, pauseMs) => {
  const output = new PassThrough()
  const heard = async () => (JSON.parse(String((await once(output, 'data'))[0])) as { msg: string }).msg
  const loop = watchEventLoop({ limitMs: 60, windowMs: 150, logger: pino(output) })
  loop.assertResponsive()

  const busy = setInterval(() => {
    for (const end = performance.now() + 150; performance.now() < end;);
  }, pauseMs)
  expect(await heard()).toBe('event loop: overloaded')
  expect(() => loop.assertResponsive()).toThrow('the event loop is overloaded')

  clearInterval(busy)
  expect(await heard()).toBe('event loop: recovered')
  loop.assertResponsive()
  loop.stop()
})
