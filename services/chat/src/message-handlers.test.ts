import { randomUUID } from 'node:crypto'
import { status } from '@grpc/grpc-js'
import { expectToEndWhileLocked, failure } from '@quartet/testing'
import { chatSuite } from './testing/chat-suite.ts'

const suite = await chatSuite()
afterAll(() => suite.close())
const { pool } = suite.database
const ada = await suite.person()
const bob = await suite.person()

const newRoom = async () => (await ada.chat.createRoom({ title: 'Engine', memberIds: [bob.id] })).room!.id
const texts = (messages: readonly { text: string }[]) => messages.map(({ text }) => text)

describe('SendMessage', () => {
  test('stores what is said, as its sender said it', async () => {
    const roomId = await newRoom()
    const sent = { roomId: roomId.toUpperCase(), clientMessageId: 'first', text: 'Hello\n— “Ada” \u{1f600}' }
    const { message } = await ada.chat.sendMessage(sent)
    expect(message).toMatchObject({ ...sent, roomId, sequence: '1', senderId: ada.id })
    const { messages, lastSequence } = await bob.elsewhere.listMessages({ roomId })
    expect(messages).toEqual([message])
    expect(lastSequence).toBe('1')
    expect((await bob.chat.getRoom({ roomId })).room).toMatchObject({ lastSequence: '1' })
  })

  test('numbers what all say at once on two replicas from 1 without a gap', async () => {
    const roomId = await newRoom()
    const count = 300
    const sent = await Promise.all(
      Array.from({ length: count }, async (_, i) => {
        const who = [ada, bob][i % 2]!
        const { message } = await [who.chat, who.elsewhere][(i >> 1) % 2]!.sendMessage({
          roomId,
          text: `${i}`,
          clientMessageId: `${i}`,
        })
        return message!
      }),
    )
    const { messages, lastSequence } = await ada.chat.listMessages({ roomId, pageSize: 1000 })
    expect(messages.map(({ sequence }) => Number(sequence))).toEqual(sent.map((_, i) => i + 1))
    expect(lastSequence).toBe(`${count}`)
    expect(messages.toSorted((a, b) => Number(a.text) - Number(b.text))).toEqual(sent)
    const times = messages.map(({ createdAt }) => Number(createdAt!.seconds) * 1e9 + createdAt!.nanos)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
  })

  test('the same again stores nothing twice, at once and from two replicas', async () => {
    const roomId = await newRoom()
    const message = { roomId, text: 'once', clientMessageId: randomUUID() }
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) => [ada.chat, ada.elsewhere][i % 2]!.sendMessage(message)),
    )
    for (const answer of answers) expect(answer).toEqual(answers[0])
    // Another text, another sender, another room.
    expect(await failure(ada.chat.sendMessage({ ...message, text: 'twice' }))).toMatchObject({
      code: status.ALREADY_EXISTS,
      reason: 'REQUEST_ID_REUSED',
    })
    await bob.chat.sendMessage({ ...message, text: 'Bob’s' })
    await ada.chat.sendMessage({ ...message, roomId: await newRoom() })
    expect(texts((await ada.chat.listMessages({ roomId })).messages)).toEqual(['once', 'Bob’s'])
  })

  test('of two texts under one id at once, one is stored and the other refused', async () => {
    const roomId = await newRoom()
    const clientMessageId = randomUUID()
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        failure([ada.chat, ada.elsewhere][i % 2]!.sendMessage({ roomId, clientMessageId, text: `${i}` })),
      ),
    )
    expect(outcomes.filter((error) => error === undefined)).toHaveLength(1)
    expect((await ada.chat.listMessages({ roomId })).lastSequence).toBe('1')
  })

  test('after 24 hours an id is free again', async () => {
    const roomId = await newRoom()
    await ada.chat.sendMessage({ roomId, clientMessageId: '1', text: 'yesterday' })
    await pool.query(`update messages set created_at = now() - interval '24 hours' where room_id = $1`, [
      roomId,
    ])
    await ada.chat.sendMessage({ roomId, clientMessageId: '1', text: 'today' })
    expect(texts((await ada.chat.listMessages({ roomId })).messages)).toEqual(['yesterday', 'today'])
  })

  test('the longest text there is; none that is longer', async () => {
    const roomId = await newRoom()
    const text = '\u{1f600}'.repeat(4000)
    expect((await ada.chat.sendMessage({ roomId, text })).message!.text).toBe(text)
    expect(await failure(ada.chat.sendMessage({ roomId, text: `${text}!` }))).toMatchObject({
      code: status.INVALID_ARGUMENT,
    })
  })
})

describe('ListMessages', () => {
  test('goes on after a sequence, in pages', async () => {
    const roomId = await newRoom()
    for (const text of ['one', 'two', 'three']) await ada.chat.sendMessage({ roomId, text })
    const list = async (afterSequence: number | string, pageSize = 2) => {
      const { messages, lastSequence } = await bob.chat.listMessages({ roomId, afterSequence, pageSize })
      expect(lastSequence).toBe('3')
      return texts(messages)
    }
    expect(await list(0)).toEqual(['one', 'two'])
    expect(await list(2)).toEqual(['three'])
    expect(await list(3)).toEqual([])
    expect(await list('9223372036854775807')).toEqual([])
  })

  test('a page of long messages ends early, and fits into a message', async () => {
    const roomId = await newRoom()
    const count = 400
    const text = '\u{1f600}'.repeat(4000)
    await pool.query(
      `with room as (update rooms set last_sequence = $2 where id = $1)
       insert into messages (room_id, sequence, id, sender_id, text, client_message_id, created_at)
       select $1, sequence, gen_random_uuid(), 'somebody', $3, '', now() from generate_series(1, $2) as sequence`,
      [roomId, count, text],
    )
    const pages: number[] = []
    for (let last = 0; last < count;) {
      const { messages } = await ada.chat.listMessages({ roomId, afterSequence: last, pageSize: 1000 })
      expect(messages.map(({ sequence }) => Number(sequence))).toEqual(messages.map((_, i) => last + i + 1))
      pages.push(messages.length)
      last += messages.length
    }
    expect(pages.length).toBeGreaterThan(1)
  })
})

test('a page that nobody waits for any more ends in the database, too', async () => {
  const roomId = await newRoom()
  await expectToEndWhileLocked(suite.database, 'messages', (options) =>
    ada.chat.listMessages({ roomId }, options),
  )
}, 25_000)
