import { setImmediate as turn } from 'node:timers/promises'
import { inPages } from './in-pages.ts'
import { collect, failure } from './testing/serve.ts'

test('a source that does not pause fills its pages, and the last holds the rest', async () => {
  async function* rows() {
    for (let i = 0; i < 250; i++) yield i
  }
  const pages = await collect(inPages(rows()))
  expect(pages.map(({ length }) => length)).toEqual([100, 100, 50])
  expect(pages.flat()).toEqual(Array.from({ length: 250 }, (_, i) => i))
  async function* none() {}
  expect(await collect(inPages(none()))).toEqual([])
})

test('large rows fill a page sooner', async () => {
  async function* rows() {
    for (let i = 0; i < 8; i++) yield { text: 'x'.repeat(1024 * 1024) }
  }
  expect((await collect(inPages(rows()))).map(({ length }) => length)).toEqual([3, 3, 2])
})

test('rows before a pause do not wait for the page to fill', async () => {
  const more = Promise.withResolvers<void>()
  async function* rows() {
    yield 1
    yield 2
    await more.promise
    for (let i = 3; i < 300; i++) yield i
  }
  const pages = inPages(rows())
  expect((await pages.next()).value).toEqual([1, 2])
  more.resolve()
  expect((await collect(pages)).map(({ length }) => length)).toEqual([100, 100, 97])
})

test('rows with a turn of the event loop between them all arrive, in order', async () => {
  async function* rows() {
    for (let i = 0; i < 50; i++) {
      yield i
      if (i % 3 === 0) await turn()
    }
  }
  expect((await collect(inPages(rows(), 4))).flat()).toEqual(Array.from({ length: 50 }, (_, i) => i))
})

test('what the source throws comes out behind the rows before it; a reader that leaves ends the source', async () => {
  async function* failing() {
    yield 1
    await turn()
    await turn()
    throw new Error('the cursor is gone')
  }
  const pages = inPages(failing())
  expect((await pages.next()).value).toEqual([1])
  expect(await failure(pages.next())).toMatchObject({ message: 'the cursor is gone' })

  let ended = false
  async function* rows() {
    try {
      for (;;) yield 1
    } finally {
      ended = true
    }
  }
  for await (const _ of inPages(rows())) break
  expect(ended).toBe(true)
})

test('a reader can leave while the source waits', async () => {
  let told = false
  const waiting: AsyncIterableIterator<number> = {
    next: () => (told ? new Promise(() => {}) : ((told = true), Promise.resolve({ done: false, value: 1 }))),
    return: () => new Promise(() => {}),
    [Symbol.asyncIterator]: () => waiting,
  }
  for await (const page of inPages(waiting)) {
    expect(page).toEqual([1])
    break
  }
})
