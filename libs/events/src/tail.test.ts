import { setImmediate as turn } from 'node:timers/promises'
import { createTail, type Step, type TailOptions } from './tail.ts'

interface Entry {
  readonly at: number
}

/** A log in memory in place of a table, so that a test says when a read is answered, and with what. */
const log = (options: Partial<TailOptions<Entry, number>> = {}) => {
  const entries: Entry[] = []
  const reads: number[] = []
  const errors: unknown[] = []
  let wake: (() => void) | undefined
  let failure: Error | undefined
  const tail = createTail<Entry, number>({
    end: async () => entries.length,
    async read(after, limit) {
      reads.push(after)
      await turn()
      if (failure) throw failure
      const found = entries.slice(after, after + limit)
      return { entries: found, position: after + found.length }
    },
    positionOf: ({ at }) => at,
    isBefore: (a, b) => a < b,
    listen(given) {
      wake = given
      return () => (wake = undefined)
    },
    onError: (error) => errors.push(error),
    ...options,
  })
  const write = (count: number) => {
    for (let i = 0; i < count; i++) entries.push({ at: entries.length + 1 })
    wake?.()
  }
  return {
    tail,
    reads,
    errors,
    write,
    fail: (error?: Error) => (failure = error),
    wake: () => wake?.(),
    get listening() {
      return wake !== undefined
    },
  }
}

const never = new AbortController().signal
const rarely = { signal: never, heartbeatMs: 1_000_000 }

/** Reads entries until there are so many. */
const take = async (steps: AsyncGenerator<Step<Entry, number>>, count: number) => {
  const found: Entry[] = []
  while (found.length < count) {
    const { value } = await steps.next()
    if (value.entry) found.push(value.entry)
  }
  return found
}
const from = (first: number, count: number) => Array.from({ length: count }, (_, i) => ({ at: first + i }))

test('what is there and what comes, in order, the same objects for all', async () => {
  const { tail, write, reads } = log()
  write(250)
  const late = tail.follow(250, rarely)
  expect(await late.next()).toEqual({ done: false, value: { entry: undefined, position: 250 } })
  const early = tail.follow(0, rarely)
  expect(await take(early, 250)).toEqual(from(1, 250))
  write(150)
  const [one, two] = await Promise.all([take(late, 150), take(early, 150)])
  expect(one).toEqual(from(251, 150))
  expect(two.every((entry, i) => entry === one[i])).toBe(true)
  // Three pages for the early one and two for both.
  expect(reads.filter((after) => after < 250)).toHaveLength(3)
  await Promise.all([late.return(undefined), early.return(undefined)])
})

test('who falls behind the ring reads from the table, and is not given anything twice when it is back', async () => {
  const { tail, write, reads } = log({ maxEntries: 10 })
  const slow = tail.follow(0, rarely)
  const quick = tail.follow(0, rarely)
  await Promise.all([slow.next(), quick.next()])
  write(5)
  expect(await take(slow, 2)).toEqual(from(1, 2))
  write(500)
  expect(await take(quick, 505)).toEqual(from(1, 505))
  const before = reads.length
  const read: Entry[] = []
  while (read.length < 505) {
    read.push(...(await take(slow, 1)))
    // Writes on meanwhile, so that pages are ahead of the ring.
    if (read.length === 300) write(20)
  }
  expect(read).toEqual(from(3, 505))
  expect(reads.length).toBeGreaterThan(before)
  expect(await take(slow, 18)).toEqual(from(508, 18))
  await Promise.all([slow.return(undefined), quick.return(undefined)])
})

test('a page that is ahead of the ring is not given a second time by the ring', async () => {
  const held = Promise.withResolvers<void>()
  const entries = from(1, 5)
  const { tail, wake } = log({
    end: async () => 5,
    async read(after, limit) {
      // The reader for all is slow.
      if (after === 5) await held.promise
      const found = entries.slice(after, after + limit)
      return { entries: found, position: after + found.length }
    },
  })
  const steps = tail.follow(0, rarely)
  await steps.next()
  entries.push(...from(6, 3))
  expect(await take(steps, 8)).toEqual(from(1, 8))
  held.resolve()
  entries.push(...from(9, 1))
  wake()
  expect(await take(steps, 1)).toEqual(from(9, 1))
  await steps.return(undefined)
})

test('a read may bring less than it was asked for, and say that there is more', async () => {
  const entries = from(1, 30)
  const { tail, wake } = log({
    end: async () => 10,
    async read(after) {
      const found = entries.slice(after, after + 3)
      return { entries: found, more: after + 3 < entries.length, position: after + found.length }
    },
    pollMs: 1_000_000,
  })
  const steps = tail.follow(0, rarely)
  expect(await take(steps, 30)).toEqual(entries)
  entries.push(...from(31, 5))
  wake()
  expect(await take(steps, 5)).toEqual(from(31, 5))
  await steps.return(undefined)
})

test('heartbeats come at once and then on time, and say how far it has got', async () => {
  const { tail, write } = log()
  const steps = tail.follow(0, { signal: never, heartbeatMs: 20 })
  expect((await steps.next()).value).toEqual({ entry: undefined, position: 0 })
  expect((await steps.next()).value).toEqual({ entry: undefined, position: 0 })
  write(3)
  expect(await take(steps, 3)).toEqual(from(1, 3))
  expect((await steps.next()).value).toEqual({ entry: undefined, position: 3 })
  await steps.return(undefined)
})

test('a wake that comes while the log is read leads to another read', async () => {
  const answers: PromiseWithResolvers<void>[] = []
  const entries: Entry[] = []
  const { tail, wake } = log({
    async read(after) {
      const found = entries.slice(after)
      const answer = Promise.withResolvers<void>()
      answers.push(answer)
      await answer.promise
      return { entries: found, position: after + found.length }
    },
    pollMs: 1_000_000,
  })
  const steps = tail.follow(0, rarely)
  await steps.next()
  entries.push({ at: 1 })
  wake()
  answers[0]!.resolve()
  const found = take(steps, 1)
  while (answers.length < 2) await turn()
  answers[1]!.resolve()
  expect(await found).toEqual(from(1, 1))
  await steps.return(undefined)
})

test('looks again by itself: soon where something is held back, else after a while', async () => {
  let held = 3
  const entries: Entry[] = []
  const { tail } = log({
    async read(after) {
      if (entries.length && held > 0) return { entries: [], position: after, heldBackMs: held-- }
      return { entries: entries.slice(after), position: entries.length }
    },
    pollMs: 10,
  })
  const steps = tail.follow(0, rarely)
  await steps.next()
  entries.push({ at: 1 })
  expect(await take(steps, 1)).toEqual(from(1, 1))
  expect(held).toBe(0)
  await steps.return(undefined)
})

test('a read that fails is tried again while the followers wait; a first one is theirs', async () => {
  const failing = new Error('no database')
  const { tail, write, fail, wake, errors } = log()
  const steps = tail.follow(0, rarely)
  await steps.next()
  fail(failing)
  write(1)
  while (!errors.length) await turn()
  expect(errors[0]).toBe(failing)
  fail()
  wake()
  expect(await take(steps, 1)).toEqual(from(1, 1))
  await steps.return(undefined)

  let there = false
  const other = log({
    end: async () => {
      if (!there) throw failing
      return 0
    },
  })
  await expect(other.tail.follow(0, rarely).next()).rejects.toBe(failing)
  there = true
  const again = other.tail.follow(0, rarely)
  expect((await again.next()).value).toEqual({ entry: undefined, position: 0 })
  await again.return(undefined)
})

test.each(['waits for what comes', 'holds a heartbeat'])(
  'ends with its signal while it %s, and with the last follower nothing runs on',
  async (where) => {
    const logged = log({ pollMs: 1 })
    const stopping = new AbortController()
    const steps = logged.tail.follow(0, { signal: stopping.signal, heartbeatMs: 1_000_000 })
    await steps.next()
    expect(logged.listening).toBe(true)
    if (where === 'holds a heartbeat') stopping.abort()
    const next = steps.next()
    stopping.abort()
    expect(await next).toEqual({ done: true, value: undefined })
    while (logged.listening) await turn()
    const { length } = logged.reads
    logged.write(1)
    expect(logged.reads).toHaveLength(length)
  },
)

describe('each', () => {
  /** Takes entries of a log until `stop`, and waits with every one while it is `full`. */
  const taker = (tail: ReturnType<typeof log>['tail'], position: number) => {
    const stopping = new AbortController()
    const taken: Entry[] = []
    let full: PromiseWithResolvers<void> | undefined
    const options = { signal: stopping.signal, heartbeatMs: 1_000_000 }
    const done = tail.each(position, options, (entry) => {
      taken.push(entry)
      return full?.promise
    })
    return {
      taken,
      async until(count: number) {
        while (taken.length < count) await turn()
      },
      block: () => (full = Promise.withResolvers()),
      unblock() {
        full?.resolve()
        full = undefined
      },
      stop() {
        stopping.abort()
        return done
      },
    }
  }

  test('hands over what is there and what comes, in order and once, the same objects to all', async () => {
    const { tail, write } = log({ maxEntries: 10 })
    write(250)
    const [early, late] = [taker(tail, 0), taker(tail, 250)]
    await early.until(250)
    write(150)
    await Promise.all([early.until(400), late.until(150)])
    write(1)
    await Promise.all([early.until(401), late.until(151)])
    expect(early.taken).toEqual(from(1, 401))
    expect(late.taken).toEqual(from(251, 151))
    expect(early.taken.at(-1)).toBe(late.taken.at(-1))
    await Promise.all([early.stop(), late.stop()])
  })

  test('waits for a follower that is full, which then reads from the table', async () => {
    const { tail, write } = log({ maxEntries: 10 })
    const [slow, quick] = [taker(tail, 0), taker(tail, 0)]
    slow.block()
    write(1)
    await slow.until(1)
    write(500)
    await quick.until(501)
    expect(slow.taken).toHaveLength(1)
    slow.unblock()
    await slow.until(501)
    expect(slow.taken).toEqual(from(1, 501))
    await Promise.all([slow.stop(), quick.stop()])
  })

  test('a follower that fails ends alone', async () => {
    const { tail, write } = log()
    const failing = new Error('cannot')
    const options = { signal: new AbortController().signal, heartbeatMs: 1_000_000 }
    const end = tail
      .each(0, options, ({ at }) => {
        if (at === 2) throw failing
        return undefined
      })
      .catch((error: unknown) => error)
    const other = taker(tail, 0)
    write(1)
    await other.until(1)
    write(1)
    expect(await end).toBe(failing)
    await other.until(2)
    write(1)
    await other.until(3)
    await other.stop()
  })

  test('tells heartbeats, the first at once, and ends with its signal', async () => {
    const logged = log()
    const stopping = new AbortController()
    let heartbeats = 0
    await logged.tail.each(
      0,
      { signal: stopping.signal, heartbeatMs: 10 },
      () => undefined,
      () => {
        if (++heartbeats === 3) stopping.abort()
        return undefined
      },
    )
    expect(heartbeats).toBe(3)
    while (logged.listening) await turn()
  })
})
