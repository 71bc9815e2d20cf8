import { randomUUID } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { status } from '@grpc/grpc-js'
import type { SubscribeResponse__Output } from '@quartet/proto/chat'
import { follow } from '@quartet/rpc'
import { failure } from '@quartet/testing'
import { chatSuite, type Person } from './testing/chat-suite.ts'

const suite = await chatSuite()
afterAll(() => suite.close())
const { pool } = suite.database
const ada = await suite.person()
const bob = await suite.person()

const newRoom = async () => (await ada.chat.createRoom({ title: 'Engine', memberIds: [bob.id] })).room!.id
const say = (roomId: string, text: string) => ada.chat.sendMessage({ roomId, text })

/** A stream of a room, read one by one; `signal` cancels it. */
const subscribe = (chat: Person['chat'], roomId: string, afterSequence?: number) => {
  const stream = chat.subscribe({ roomId, afterSequence })[Symbol.asyncIterator]()
  const next = async <Kind extends 'message' | 'presence' | 'heartbeat'>(kind: Kind) => {
    for (;;) {
      const { value } = (await stream.next()) as { value: SubscribeResponse__Output }
      if (value[kind]) return value[kind] as NonNullable<SubscribeResponse__Output[Kind]>
    }
  }
  return { next, leave: () => stream.return!() }
}

test('begins with a heartbeat, then what was said after a sequence, then what is said anywhere', async () => {
  const roomId = await newRoom()
  for (const text of ['one', 'two', 'three']) await say(roomId, text)
  const reader = subscribe(bob.elsewhere, roomId.toUpperCase(), 1)
  await reader.next('heartbeat')
  expect(await reader.next('message')).toMatchObject({ sequence: '2', text: 'two', senderId: ada.id })
  expect(await reader.next('message')).toMatchObject({ sequence: '3', text: 'three' })
  await say(roomId, 'four')
  await bob.elsewhere.sendMessage({ roomId, text: 'five' })
  expect(await reader.next('message')).toMatchObject({ sequence: '4', text: 'four' })
  expect(await reader.next('message')).toMatchObject({ sequence: '5', text: 'five' })
  await reader.leave()
})

test('without a sequence it begins now', async () => {
  const roomId = await newRoom()
  await say(roomId, 'before')
  const reader = subscribe(bob.elsewhere, roomId)
  await reader.next('heartbeat')
  await say(roomId, 'after')
  expect(await reader.next('message')).toMatchObject({ sequence: '2', text: 'after' })
  await reader.leave()
})

test('shows who comes, types and goes', async () => {
  const roomId = await newRoom()
  const reader = subscribe(ada.chat, roomId)
  await reader.next('heartbeat')
  const other = subscribe(bob.elsewhere, roomId)
  await other.next('heartbeat')
  const his = { roomId, userId: bob.id }
  expect(await reader.next('presence')).toEqual({ ...his, state: 'PRESENCE_STATE_ONLINE' })
  await other.leave()
  expect(await reader.next('presence')).toEqual({ ...his, state: 'PRESENCE_STATE_OFFLINE' })
  await reader.leave()
})

test('ends for who may not enter, and for who is shown out', async () => {
  const missing = { code: status.NOT_FOUND, reason: 'ROOM_NOT_FOUND' }
  const roomId = await newRoom()
  const stranger = await suite.person()
  for (const room of [roomId, randomUUID()])
    expect(await failure(subscribe(stranger.chat, room).next('heartbeat'))).toMatchObject(missing)
  const reader = subscribe(bob.elsewhere, roomId)
  await reader.next('heartbeat')
  const end = failure(reader.next('message'))
  await ada.chat.removeRoomMember({ roomId, userId: bob.id })
  expect(await end).toMatchObject(missing)
})

test('readers that come back again and again while all write on two replicas miss nothing and get nothing twice', async () => {
  const roomId = await newRoom()
  const writers = 4
  const each = 100
  let writing = writers
  const write = async (writer: number) => {
    const chat = [ada.chat, ada.elsewhere, bob.chat, bob.elsewhere][writer]!
    for (let i = 0; i < each; i++)
      await chat.sendMessage({ roomId, text: `${writer} ${i}`, clientMessageId: `${writer}-${i}` })
    writing--
  }
  /** Reads until everything is there, and leaves after some messages each time. */
  const read = async (chats: readonly Person['chat'][]) => {
    const texts: string[] = []
    for (let visits = 0; texts.length < writers * each; visits++) {
      const reader = subscribe(chats[visits % chats.length]!, roomId, texts.length)
      const some = 1 + (visits % 9)
      for (let i = 0; i < some && texts.length < writers * each; i++) {
        const { sequence, text } = await reader.next('message')
        expect(Number(sequence)).toBe(texts.length + 1)
        texts.push(text)
      }
      await reader.leave()
    }
    return texts
  }
  const breakListeners = async () => {
    while (writing) {
      await pool.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where application_name = 'test-listen' and datname = current_database()`,
      )
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
  const [one, two, three] = await Promise.all([
    read([bob.chat, bob.elsewhere]),
    read([ada.elsewhere]),
    read([ada.chat]),
    breakListeners(),
    ...[0, 1, 2, 3].map(write),
  ])
  expect(two).toEqual(one)
  expect(three).toEqual(one)
  expect(new Set(one)).toEqual(
    new Set(Array.from({ length: writers * each }, (_, i) => `${i % writers} ${Math.floor(i / writers)}`)),
  )
  expect(one).toHaveLength(writers * each)
}, 60_000)

test('`follow` of the kit goes on from the last message', async () => {
  const roomId = await newRoom()
  for (const text of ['one', 'two', 'three']) await say(roomId, text)
  const stopping = new AbortController()
  const messages = follow((cursor) => bob.chat.subscribe({ roomId, afterSequence: cursor ?? 0 }), {
    cursor: '1',
    cursorOf: ({ message }) => message?.sequence,
    signal: stopping.signal,
  })
  const texts: string[] = []
  for await (const { message } of messages) {
    if (message) texts.push(message.text)
    if (texts.length === 2) stopping.abort()
  }
  expect(texts).toEqual(['two', 'three'])
})

test('a reader that does not read while 10,000 messages are sent costs little memory, and then gets all of them', async () => {
  const roomId = await newRoom()
  const [count, length] = [10_000, 4000]
  const reader = subscribe(bob.chat, roomId, 0)
  await reader.next('heartbeat')
  const before = await memoryUsed()
  const saySome = (some: number) =>
    pool.query(
      `with room as (update rooms set last_sequence = last_sequence + $2 where id = $1 returning last_sequence - $2 as last)
       insert into messages (room_id, sequence, id, sender_id, text, client_message_id, created_at)
       select $1, last + i, gen_random_uuid(), 'somebody', repeat('x', $3), '', now() from room, generate_series(1, $2) as i`,
      [roomId, some, length],
    )
  for (let sent = 0; sent < count; sent += 200) {
    await saySome(200)
    suite.here.onSaid(roomId)
    await new Promise(setImmediate)
  }
  // Held are the window of its connection (8 MiB, which in this process is on both sides), a ring and a page.
  expect((await memoryUsed()) - before).toBeLessThan((count * length) / 2)
  for (let sequence = 1; sequence <= count; sequence++)
    expect((await reader.next('message')).sequence).toBe(`${sequence}`)
  await reader.leave()
}, 120_000)

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void
/** What is in use; buffers are given back some turns after they were found to be garbage. */
const memoryUsed = async () => {
  let least = Infinity
  for (let i = 0; i < 20; i++) {
    collectGarbage()
    await new Promise(setImmediate)
    const { heapUsed, external } = process.memoryUsage()
    least = Math.min(least, heapUsed + external)
  }
  return least
}
