import { randomUUID } from 'node:crypto'
import { status } from '@grpc/grpc-js'
import type { CallOptions } from '@quartet/rpc'
import { expectToEndWhileLocked, failure } from '@quartet/testing'
import { chatSuite } from './testing/chat-suite.ts'

const suite = await chatSuite()
afterAll(() => suite.close())
const { pool } = suite.database
const ada = await suite.person()
const bob = await suite.person()
const editor = await suite.person('EDITOR')
const order = await suite.service('order')

const missing = { code: status.NOT_FOUND, reason: 'ROOM_NOT_FOUND' }
const people = (count: number) => Array.from({ length: count }, () => randomUUID())
const roomOf = async (members: readonly { id: string }[], visibility?: 'ROOM_VISIBILITY_OPEN') => {
  const memberIds = members.slice(1).map(({ id }) => id)
  const { room } = await ada.chat.createRoom({ title: 'Engine', memberIds, visibility })
  return room!
}

describe('CreateRoom', () => {
  test('opens a private room with the caller in it, once', async () => {
    const { room } = await ada.chat.createRoom({
      title: 'Engine',
      memberIds: [bob.id.toUpperCase(), ada.id],
    })
    expect(room).toMatchObject({
      title: 'Engine',
      visibility: 'ROOM_VISIBILITY_PRIVATE',
      orderId: '',
      lastSequence: '0',
    })
    expect(room!.memberIds.toSorted()).toEqual([ada.id, bob.id].toSorted())
    expect(await bob.chat.getRoom({ roomId: room!.id.toUpperCase() })).toEqual({ room })
  })

  test('with one request_id, 20 at once on two replicas open one room, and each gets it', async () => {
    const request = { title: 'Engine', requestId: randomUUID() }
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => [ada.chat, ada.elsewhere][i % 2]!.createRoom(request)),
    )
    for (const answer of answers) expect(answer).toEqual(answers[0])
    expect(await failure(ada.chat.createRoom({ ...request, title: 'Other' }))).toMatchObject({
      code: status.ALREADY_EXISTS,
      reason: 'REQUEST_ID_REUSED',
    })
    expect((await bob.chat.createRoom(request)).room!.id).not.toBe(answers[0]!.room!.id)
  })

  test('of an order there is one room, and only the order service opens it', async () => {
    const orderId = randomUUID()
    const request = { title: 'Order', orderId, memberIds: [ada.id] }
    const answers = await Promise.all(Array.from({ length: 10 }, () => order.createRoom(request)))
    expect(new Set(answers.map(({ room }) => room!.id)).size).toBe(1)
    const again = await order.createRoom({ ...request, memberIds: [bob.id], requestId: randomUUID() })
    expect(again.room).toMatchObject({ id: answers[0]!.room!.id, orderId, memberIds: [ada.id, bob.id] })
    expect(await failure(ada.chat.createRoom({ title: 'Order', orderId }))).toMatchObject({
      code: status.PERMISSION_DENIED,
    })
  })
})

describe('who sees a room', () => {
  test('a private one its members', async () => {
    const { id: roomId } = await roomOf([ada])
    for (const stranger of [bob, editor]) {
      expect(await failure(stranger.chat.getRoom({ roomId }))).toMatchObject(missing)
      expect(await failure(stranger.chat.listMessages({ roomId }))).toMatchObject(missing)
      expect(await failure(stranger.chat.sendMessage({ roomId, text: 'hi' }))).toMatchObject(missing)
      expect(await failure(stranger.chat.addRoomMembers({ roomId, userIds: [stranger.id] }))).toMatchObject(
        missing,
      )
      expect(await failure(stranger.chat.removeRoomMember({ roomId, userId: ada.id }))).toMatchObject(missing)
    }
    expect(await failure(ada.chat.getRoom({ roomId: randomUUID() }))).toMatchObject(missing)
  })

  test('an open one everybody, and an order’s every editor', async () => {
    const open = await roomOf([ada], 'ROOM_VISIBILITY_OPEN')
    await bob.chat.getRoom({ roomId: open.id })
    await bob.chat.sendMessage({ roomId: open.id, text: 'hi' })
    const { room } = await order.createRoom({ title: 'O', orderId: randomUUID(), memberIds: [ada.id] })
    await editor.chat.getRoom({ roomId: room!.id })
    await ada.chat.getRoom({ roomId: room!.id })
    expect(await failure(bob.chat.getRoom({ roomId: room!.id }))).toMatchObject(missing)
  })
})

describe('members', () => {
  test('let others in and show them out, as often as they like', async () => {
    const { id: roomId } = await roomOf([ada])
    for (const _ of ['first', 'again'])
      expect((await ada.chat.addRoomMembers({ roomId, userIds: [bob.id] })).room!.memberIds).toEqual([
        ada.id,
        bob.id,
      ])
    await bob.chat.getRoom({ roomId })
    for (const _ of ['first', 'again'])
      expect((await ada.chat.removeRoomMember({ roomId, userId: bob.id })).room!.memberIds).toEqual([ada.id])
    expect(await failure(bob.chat.getRoom({ roomId }))).toMatchObject(missing)
    expect((await ada.chat.removeRoomMember({ roomId, userId: ada.id })).room!.memberIds).toEqual([])
    expect(await failure(ada.chat.getRoom({ roomId }))).toMatchObject(missing)
  })

  test('an open room lets everybody in, themselves and nobody else', async () => {
    const { id: roomId } = await roomOf([ada], 'ROOM_VISIBILITY_OPEN')
    const denied = { code: status.PERMISSION_DENIED, reason: 'NOT_A_MEMBER' }
    expect(await failure(bob.chat.addRoomMembers({ roomId, userIds: [editor.id] }))).toMatchObject(denied)
    expect(await failure(bob.chat.removeRoomMember({ roomId, userId: ada.id }))).toMatchObject(denied)
    await bob.chat.addRoomMembers({ roomId, userIds: [bob.id] })
    await bob.chat.addRoomMembers({ roomId, userIds: [editor.id] })
  })

  test('are 1000 at most, whoever comes first', async () => {
    const { room } = await ada.chat.createRoom({ title: 'Full', memberIds: people(900) })
    const roomId = room!.id
    const groups = Array.from({ length: 4 }, () => people(33))
    const outcomes = await Promise.all(
      groups.map((userIds, i) =>
        failure([ada.chat, ada.elsewhere][i % 2]!.addRoomMembers({ roomId, userIds })),
      ),
    )
    expect(outcomes.filter((error) => error === undefined)).toHaveLength(3)
    expect(outcomes.find((error) => error !== undefined)).toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: 'ROOM_FULL',
    })
    expect((await ada.chat.getRoom({ roomId })).room!.memberIds).toHaveLength(1000)
    // Nobody of those who are in needs a place.
    await ada.chat.addRoomMembers({ roomId, userIds: [ada.id] })
    await ada.chat.removeRoomMember({ roomId, userId: ada.id })
    const { rows } = await pool.query('select member_count from rooms where id = $1', [roomId])
    expect(rows).toEqual([{ member_count: 999 }])
  })
})

describe('ListRooms', () => {
  test('pages through the caller’s rooms and the open ones, each once, oldest first', async () => {
    const carol = await suite.person()
    const dora = await suite.person()
    const ids: string[] = []
    for (let i = 0; i < 7; i++) {
      const memberIds = i % 2 ? [carol.id] : []
      const visibility = i % 3 ? 'ROOM_VISIBILITY_PRIVATE' : 'ROOM_VISIBILITY_OPEN'
      const { room } = await dora.chat.createRoom({ title: `${i}`, memberIds, visibility })
      if (i % 2 || i % 3 === 0) ids.push(room!.id)
    }
    const seen: string[] = []
    for (let pageToken = ''; ;) {
      const page = await carol.chat.listRooms({ pageSize: 2, pageToken })
      expect(page.rooms.length).toBeLessThanOrEqual(2)
      seen.push(...page.rooms.map(({ id }) => id))
      if (!(pageToken = page.nextPageToken)) break
    }
    expect(seen).toEqual(seen.toSorted())
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen).toEqual(expect.arrayContaining(ids))
    const { rows } = await pool.query(`select id from rooms where visibility = 'OPEN'`)
    expect(new Set(seen)).toEqual(new Set([...ids, ...rows.map(({ id }) => id as string)]))
    expect(await failure(carol.chat.listRooms({ pageToken: 'made up' }))).toMatchObject({
      reason: 'PAGE_TOKEN_INVALID',
    })
  })

  test('a page of crowded rooms ends early, and fits into a message', async () => {
    const dora = await suite.person()
    const count = 60
    await pool.query(
      `with crowded as (
         insert into rooms (id, title, visibility, member_count)
         select gen_random_uuid(), 'Crowded', 'PRIVATE', 1000 from generate_series(1, $2) returning id)
       insert into room_members (room_id, user_id)
       select id, case person when 1 then $1 else gen_random_uuid() end from crowded, generate_series(1, 1000) as person`,
      [dora.id, count],
    )
    const seen = new Set<string>()
    let pages = 0
    for (let pageToken = '', more = true; more; pages++) {
      const page = await dora.chat.listRooms({ pageSize: 1000, pageToken })
      for (const { id, memberIds } of page.rooms) if (memberIds.includes(dora.id)) seen.add(id)
      pageToken = page.nextPageToken
      more = pageToken !== ''
    }
    expect(seen.size).toBe(count)
    expect(pages).toBeGreaterThan(1)
  })
})

test.each([
  ['a list', (options: CallOptions) => ada.chat.listRooms({}, options)],
  ['a new room', (options: CallOptions) => ada.chat.createRoom({ title: 'Engine' }, options)],
])(
  '%s that nobody waits for any more ends in the database, too',
  (_, call) => expectToEndWhileLocked(suite.database, 'room_members', call),
  25_000,
)
