import { turns } from './turns.ts'

const pending = () => Promise.withResolvers<string>()

test('so many run at once, the rest in their turn', async () => {
  const inTurn = turns({ atOnce: 2, maxWaiting: 10 })
  const [a, b, c] = [pending(), pending(), pending()]
  const started: string[] = []
  const run = (name: string, { promise }: PromiseWithResolvers<string>) =>
    inTurn(() => {
      started.push(name)
      return promise
    })
  const all = [run('a', a), run('b', b), run('c', c)]
  expect(started).toEqual(['a', 'b'])
  b.resolve('b')
  expect(await all[1]).toBe('b')
  expect(started).toEqual(['a', 'b', 'c'])
  a.resolve('a')
  c.resolve('c')
  expect(await Promise.all(all)).toEqual(['a', 'b', 'c'])
})

test('who gives up leaves the line and never runs; too long a line is refused; a failure frees the place', async () => {
  const inTurn = turns({ atOnce: 1, maxWaiting: 1 })
  const first = pending()
  const running = inTurn(() => first.promise)
  const controller = new AbortController()
  let ran = false
  const gone = inTurn(async () => (ran = true), controller.signal)
  await expect(inTurn(async () => 'late')).rejects.toMatchObject({ reason: 'BUSY' })
  controller.abort(new Error('gone'))
  await expect(gone).rejects.toThrow('gone')
  first.reject(new Error('failed'))
  await expect(running).rejects.toThrow('failed')
  expect(await inTurn(async () => 'next')).toBe('next')
  expect(ran).toBe(false)
})
