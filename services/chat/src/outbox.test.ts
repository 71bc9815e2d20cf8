import { failure } from '@quartet/testing'
import { outbox, type Outbox } from './outbox.ts'

const open = () => {
  const call = new AbortController()
  const filling = Promise.withResolvers<void>()
  let out!: Outbox<number>
  let inside!: AbortSignal
  const stream = outbox<number>(call.signal, (given, signal) => {
    out = given
    inside = signal
    return filling.promise
  })
  return { call, filling, stream, out, inside }
}
const read = async (stream: AsyncIterator<number>, count: number) => {
  const all: number[] = []
  while (all.length < count) all.push((await stream.next()).value as number)
  return all
}

test('sends what is put in its order, and ends when that is taken', async () => {
  const { stream, out, filling } = open()
  const first = stream.next()
  for (const one of [1, 2, 3]) void out.put(one)
  expect(await first).toEqual({ done: false, value: 1 })
  filling.resolve()
  await filling.promise
  expect(await read(stream, 2)).toEqual([2, 3])
  expect(await stream.next()).toEqual({ done: true, value: undefined })
})

test('a source that is ahead of its reader waits, and what is offered meanwhile is lost', async () => {
  const { stream, out, inside } = open()
  let count = 0
  let full: Promise<void> | undefined
  while (!full) full = out.put(count++)
  expect(count).toBeLessThan(100)
  out.offer(-1)
  let waits = true
  void full.then(() => (waits = false))
  await Promise.resolve()
  expect(waits).toBe(true)
  expect(await stream.next()).toMatchObject({ value: 0 })
  await full
  expect(await read(stream, count - 1)).toEqual(Array.from({ length: count - 1 }, (_, i) => i + 1))
  out.offer(-2)
  expect(await read(stream, 1)).toEqual([-2])
  await stream.return!()
  expect(inside.aborted).toBe(true)
})

test.each(['is cancelled', 'fails', 'is filled by what fails'])(
  'a stream that %s ends at once, for its reader and for its sources',
  async (how) => {
    const { call, filling, stream, out, inside } = open()
    let full: Promise<void> | undefined
    while (!full) full = out.put(1)
    const reason = new Error('over')
    if (how === 'is cancelled') call.abort(reason)
    else if (how === 'fails') out.fail(reason)
    else filling.reject(reason)
    await full
    expect(inside.aborted).toBe(true)
    expect(await failure(stream.next())).toBe(reason)
    expect(out.put(2)).toBeUndefined()
  },
)
