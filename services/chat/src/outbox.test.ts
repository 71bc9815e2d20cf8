import { failure } from '@quartet/testing'
import { outbox, type Outbox } from './outbox.ts'

/** A stream whose reader takes everything at once, or nothing while it is `behind`. */
const open = () => {
  const call = new AbortController()
  const filling = Promise.withResolvers<void>()
  let out!: Outbox<{ number: number }>
  let inside!: AbortSignal
  const stream = outbox<{ number: number }>(call.signal, (given, signal) => {
    out = given
    inside = signal
    return filling.promise
  })
  const sent: number[] = []
  let behind: PromiseWithResolvers<void> | undefined
  const whole = stream.pushTo(({ number }) => {
    sent.push(number)
    return behind?.promise
  })
  whole.catch(() => {})
  return {
    call,
    filling,
    out,
    inside,
    sent,
    whole,
    stop: () => (behind = Promise.withResolvers()),
    goOn: () => {
      behind!.resolve()
      behind = undefined
    },
  }
}
const put = (out: Outbox<{ number: number }>, number: number) => out.put({ number })

test('sends what is put in its order, and ends with what fills it', async () => {
  const { out, filling, sent, whole, inside } = open()
  for (const number of [1, 2, 3]) expect(put(out, number)).toBeUndefined()
  expect(inside.aborted).toBe(false)
  filling.resolve()
  await whole
  expect(sent).toEqual([1, 2, 3])
  expect(inside.aborted).toBe(true)
  expect(put(out, 4)).toBeUndefined()
  expect(sent).toEqual([1, 2, 3])
})

test('sources of a reader that is behind wait for it, and what is offered meanwhile is lost', async () => {
  const { out, sent, stop, goOn } = open()
  stop()
  const waiting = [1, 2].map((number) => put(out, number)!)
  out.offer({ number: -1 })
  let waits = true
  void Promise.race(waiting).then(() => (waits = false))
  await new Promise(setImmediate)
  expect(waits).toBe(true)
  goOn()
  await Promise.all(waiting)
  expect(put(out, 3)).toBeUndefined()
  out.offer({ number: 4 })
  expect(sent).toEqual([1, 2, 3, 4])
})

test.each(['is cancelled', 'fails', 'is filled by what fails'])(
  'a stream that %s ends at once, for its reader and for its sources',
  async (how) => {
    const { call, filling, out, inside, sent, whole, stop } = open()
    stop()
    void put(out, 1)
    const reason = new Error('over')
    if (how === 'is cancelled') call.abort(reason)
    else if (how === 'fails') out.fail(reason)
    else filling.reject(reason)
    expect(await failure(whole)).toBe(reason)
    expect(inside.aborted).toBe(true)
    expect(put(out, 2)).toBeUndefined()
    expect(sent).toEqual([1])
  },
)

test('a call that is over before it begins is not filled', async () => {
  let filled = false
  const reason = new Error('over')
  const stream = outbox(AbortSignal.abort(reason), async () => void (filled = true))
  expect(await failure(stream.pushTo(() => undefined))).toBe(reason)
  expect(filled).toBe(false)
})
