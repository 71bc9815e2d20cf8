import { once, EventEmitter } from 'node:events'
import { keepFresh, type Kept } from './keep-fresh.ts'

let kept: Kept<number>
afterEach(() => kept.close())

/** A value that counts how often it was fetched. */
const counted = (refreshAfterMs: number) => {
  const fetches = new EventEmitter<{ fetch: [number] }>()
  let times = 0
  kept = keepFresh({
    async fetch() {
      fetches.emit('fetch', ++times)
      return times
    },
    refreshAfterMs: () => refreshAfterMs,
    onError: () => {},
  })
  return fetches
}

test('whoever asks again within a second gets what is there', async () => {
  counted(60_000)
  for (let i = 0; i < 20; i++) expect(await kept.renewed()).toBe(1)
})

test('it is fetched again in the background, though nobody asks', async () => {
  const fetches = counted(0)
  expect(await once(fetches, 'fetch')).toEqual([2])
})
