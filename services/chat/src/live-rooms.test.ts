import { liveRooms, type Entry } from './live-rooms.ts'

const roomId = 'a room'
const options = { heartbeatMs: 1_000_000 }

test('who comes while the last one leaves is told of what is said', async () => {
  let last = 0
  let reading: PromiseWithResolvers<void> | undefined
  const started = Promise.withResolvers<void>()
  let tell = (_roomId: string) => {}
  const live = liveRooms({
    rooms: { lastSequences: async () => new Map([[roomId, last]]) },
    messages: {
      async read(_, after) {
        started.resolve()
        await reading?.promise
        const messages = Array.from({ length: last - Number(after) }, (_, i) => stored(Number(after) + i + 1))
        return { messages, more: false }
      },
    },
    said: {
      tell: () => {},
      hear(hear) {
        tell = hear
        return () => {}
      },
      close: () => {},
    },
    onError: (error) => expect(error).toBeUndefined(),
  })
  reading = Promise.withResolvers()
  const leaving = new AbortController()
  const left = live.each(roomId, 0, { ...options, signal: leaving.signal }, () => undefined)
  await started.promise
  leaving.abort()
  await left
  // Its reader is still at it, and the next one's has not begun.
  const staying = new AbortController()
  const heard = Promise.withResolvers<Entry>()
  const stays = live.each(roomId, 0, { ...options, signal: staying.signal }, (entry) => {
    heard.resolve(entry)
    return undefined
  })
  reading.resolve()
  for (let i = 0; i < 10; i++) await new Promise(setImmediate)
  last = 1
  tell(roomId)
  expect(await heard.promise).toMatchObject({ sequence: 1 })
  staying.abort()
  await stays
  live.close()
}, 30_000) // after a minute it would look by itself

const stored = (sequence: number) => ({
  id: `${sequence}`,
  roomId,
  sequence,
  senderId: 'somebody',
  text: 'hello',
  clientMessageId: '',
  createdAt: new Date(),
})
