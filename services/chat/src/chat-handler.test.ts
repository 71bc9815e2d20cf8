import { randomUUID } from 'node:crypto'
import { status } from '@grpc/grpc-js'
import type { ChatResponse__Output } from '@quartet/proto/chat'
import { failure } from '@quartet/testing'
import { chatSuite, type Person } from './testing/chat-suite.ts'
import { talker } from './testing/talker.ts'

const suite = await chatSuite()
const ada = await suite.person()
const bob = await suite.person()
const carol = await suite.person()

const talkers: ReturnType<typeof talker>[] = []
afterAll(async () => {
  await Promise.all(talkers.map((one) => one.cancel()))
  await suite.close()
})
const talk = (chat: Person['chat']) => {
  const one = talker(chat)
  talkers.push(one)
  return one
}
const newRoom = async () => {
  const { room } = await ada.chat.createRoom({ title: 'Engine', memberIds: [bob.id, carol.id] })
  return room!.id
}
const messagesIn = (responses: readonly ChatResponse__Output[]) =>
  responses.flatMap(({ message }) => (message ? [message] : []))

test('three people on two replicas hear the same in the same order, each once', async () => {
  const roomId = await newRoom()
  const people = [talk(ada.chat), talk(bob.elsewhere), talk(carol.chat)]
  for (const one of people) {
    one.send({ join: { roomId: roomId.toUpperCase() } })
    expect(await one.next('joined')).toEqual({ roomId, lastSequence: '0' })
  }
  const count = 100
  for (let i = 0; i < count; i++)
    for (const [who, one] of people.entries())
      one.send({ send: { roomId, clientMessageId: `${i}`, text: `${who} says ${i}` } })

  const heard = await Promise.all(
    people.map(async (one) => {
      await one.next('message', ({ sequence }) => sequence === '1')
      const messages = ['1']
      while (messages.length < 3 * count) messages.push((await one.next('message')).sequence)
      return messages
    }),
  )
  const inOrder = Array.from({ length: 3 * count }, (_, i) => `${i + 1}`)
  for (const sequences of heard) expect(sequences).toEqual(inOrder)
  const { messages } = await ada.chat.listMessages({ roomId, pageSize: 1000 })
  // What one of them said is in the order in which they said it.
  for (const who of people.keys()) {
    const said = messages.map(({ text }) => text).filter((text) => text.startsWith(`${who} `))
    expect(said).toEqual(Array.from({ length: count }, (_, i) => `${who} says ${i}`))
  }
})

test('delivered says what is stored; the same again is the same, another text an error', async () => {
  const roomId = await newRoom()
  const one = talk(ada.chat)
  one.send({ join: { roomId } })
  const send = { roomId, clientMessageId: randomUUID(), text: 'Hello' }
  one.send({ send })
  const delivered = await one.next('delivered')
  const { messages } = await bob.elsewhere.listMessages({ roomId })
  expect(messages).toMatchObject([{ id: delivered.messageId, sequence: '1', ...send }])
  expect(delivered).toEqual({
    clientMessageId: send.clientMessageId,
    messageId: messages[0]!.id,
    sequence: '1',
  })
  one.send({ send })
  expect(await one.next('delivered')).toEqual(delivered)
  one.send({ send: { ...send, text: 'Bye' } })
  expect(await one.next('error')).toMatchObject({
    clientMessageId: send.clientMessageId,
    status: { code: status.ALREADY_EXISTS },
  })
})

test('what goes wrong with one request is said, and the stream goes on', async () => {
  const roomId = await newRoom()
  const stranger = await suite.person()
  const one = talk(stranger.chat)
  const errorOf = async (request: Parameters<typeof one.send>[0]) => {
    one.send(request)
    return await one.next('error')
  }
  const text = 'Hello'
  expect(await errorOf({ join: { roomId } })).toMatchObject({
    clientMessageId: '',
    status: { code: status.NOT_FOUND, details: [{ type_url: 'type.googleapis.com/google.rpc.ErrorInfo' }] },
  })
  expect(await errorOf({ join: { roomId: randomUUID() } })).toMatchObject({
    status: { code: status.NOT_FOUND },
  })
  expect(await errorOf({ send: { roomId, clientMessageId: 'x', text } })).toMatchObject({
    clientMessageId: 'x',
    status: { code: status.FAILED_PRECONDITION },
  })
  expect(await errorOf({ typing: { roomId } })).toMatchObject({
    status: { code: status.FAILED_PRECONDITION },
  })
  for (const request of [
    { join: { roomId: 'no uuid' } },
    { join: { roomId, afterSequence: -1 } },
    { send: { roomId, clientMessageId: 'x', text: '' } },
    { send: { roomId, clientMessageId: '', text } },
    { send: { roomId, clientMessageId: 'x', text: 'a'.repeat(4001) } },
    { typing: {} },
    { leave: { roomId: '' } },
  ])
    expect(await errorOf(request)).toMatchObject({ status: { code: status.INVALID_ARGUMENT } })
  one.send({ heartbeat: {} })
  await one.next('heartbeat')
})

test('a request that is none of the five ends the stream', async () => {
  const one = talk(ada.chat)
  one.send({})
  expect(await failure(one.end)).toMatchObject({ code: status.INVALID_ARGUMENT })
})

test('half-closed, it answers what was asked, sends what had been said, and ends', async () => {
  const roomId = await newRoom()
  for (let i = 1; i <= 250; i++) await ada.chat.sendMessage({ roomId, text: `${i}` })
  const one = talk(bob.elsewhere)
  one.send({ join: { roomId, afterSequence: 0 } })
  for (let i = 1; i <= 100; i++) one.send({ send: { roomId, clientMessageId: `${i}`, text: `${i}` } })
  await one.halfClose()
  const sequences = messagesIn(one.received).map(({ sequence }) => Number(sequence))
  expect(sequences).toEqual(Array.from({ length: 350 }, (_, i) => i + 1))
  expect(one.received.filter(({ delivered }) => delivered)).toHaveLength(100)
})

test('goes on after the last sequence seen; one that was never there counts as the last', async () => {
  const roomId = await newRoom()
  for (const text of ['one', 'two', 'three']) await ada.chat.sendMessage({ roomId, text })
  for (const [afterSequence, expected] of [
    [2, ['three']],
    ['9223372036854775807', []],
    [undefined, []],
  ] as const) {
    const one = talk(bob.chat)
    one.send({ join: { roomId, afterSequence } })
    one.send({ send: { roomId, clientMessageId: randomUUID(), text: 'mine' } })
    await one.halfClose()
    const texts = messagesIn(one.received).map(({ text }) => text)
    expect(texts.filter((text) => text !== 'mine')).toEqual(expected)
    expect(texts).toContain('mine')
  }
})

describe('a stream in several rooms', () => {
  test('hears all of them until it leaves one', async () => {
    const [first, second] = [await newRoom(), await newRoom()]
    const one = talk(bob.elsewhere)
    for (const roomId of [first, second]) {
      one.send({ join: { roomId } })
      await one.next('joined')
    }
    await ada.chat.sendMessage({ roomId: first, text: 'to the first' })
    expect(await one.next('message')).toMatchObject({ roomId: first })
    one.send({ leave: { roomId: first } })
    one.send({ leave: { roomId: first } })
    one.send({ heartbeat: {} })
    await one.next('heartbeat')
    await ada.chat.sendMessage({ roomId: first, text: 'not heard' })
    await ada.chat.sendMessage({ roomId: second, text: 'to the second' })
    expect(await one.next('message')).toMatchObject({ text: 'to the second' })
    one.send({ send: { roomId: first, clientMessageId: 'x', text: 'gone' } })
    expect(await one.next('error')).toMatchObject({ status: { code: status.FAILED_PRECONDITION } })
    one.send({ join: { roomId: first, afterSequence: 1 } })
    expect(await one.next('message')).toMatchObject({ text: 'not heard' })
  })

  test('is in 50 at most', async () => {
    const rooms: string[] = []
    while (rooms.length < 51) rooms.push(await newRoom())
    const one = talk(ada.chat)
    for (const roomId of rooms) one.send({ join: { roomId } })
    expect(await one.next('error')).toMatchObject({ status: { code: status.RESOURCE_EXHAUSTED } })
    // One that it is in already takes no place.
    one.send({ join: { roomId: rooms[0]! } })
    expect(await one.next('joined')).toMatchObject({ roomId: rooms[0] })
    one.send({ leave: { roomId: rooms[0]! } })
    one.send({ join: { roomId: rooms[50]! } })
    expect(await one.next('joined')).toMatchObject({ roomId: rooms[50] })
  })
})

test('presence: who comes, types and goes, on any replica and once for all of somebody’s streams', async () => {
  const roomId = await newRoom()
  const one = talk(ada.chat)
  one.send({ join: { roomId } })
  await one.next('joined')
  const [first, second] = [talk(bob.elsewhere), talk(bob.elsewhere)]
  for (const his of [first, second]) {
    his.send({ join: { roomId } })
    await his.next('joined')
  }
  second.send({ typing: { roomId } })
  await one.next('presence', ({ state }) => state === 'PRESENCE_STATE_TYPING')
  expect(one.received.filter(({ presence }) => presence)).toEqual([])
  second.send({ leave: { roomId } })
  first.send({ typing: { roomId } })
  expect(await one.next('presence')).toEqual({ roomId, userId: bob.id, state: 'PRESENCE_STATE_TYPING' })
  await first.cancel()
  expect(await one.next('presence')).toEqual({ roomId, userId: bob.id, state: 'PRESENCE_STATE_OFFLINE' })
})

test('who is shown out hears nothing more from the room, on any replica, and the stream goes on', async () => {
  const [roomId, other] = [await newRoom(), await newRoom()]
  const one = talk(bob.elsewhere)
  for (const join of [{ roomId }, { roomId: other }]) {
    one.send({ join })
    await one.next('joined')
  }
  await ada.chat.removeRoomMember({ roomId, userId: bob.id })
  expect(await one.next('error')).toMatchObject({ status: { code: status.NOT_FOUND } })
  await ada.chat.sendMessage({ roomId, text: 'without Bob' })
  await ada.chat.sendMessage({ roomId: other, text: 'with Bob' })
  expect(await one.next('message')).toMatchObject({ text: 'with Bob' })
  one.send({ send: { roomId, clientMessageId: 'x', text: 'still here?' } })
  expect(await one.next('error')).toMatchObject({ status: { code: status.FAILED_PRECONDITION } })
})
