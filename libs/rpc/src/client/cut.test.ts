import { once } from 'node:events'
import { createServer, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { status } from '@grpc/grpc-js'
import { UserService } from '@quartet/proto/user'
import { failure, userId } from '../testing/serve.ts'
import { frame } from '../testing/wire.ts'
import { createClient } from './client.ts'

/** Answers the first `cut` calls with what a test does to them, and those after it with an empty message. */
const serveCut = async (cut: number, how: (stream: ServerHttp2Stream) => void) => {
  let calls = 0
  const server = createServer()
  server.on('sessionError', () => {})
  server.on('stream', (stream) => {
    stream.on('error', () => {})
    if (++calls <= cut) return how(stream)
    begin(stream)
    stream.end(frame(Buffer.alloc(0)))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const client = createClient(UserService, { target: `127.0.0.1:${(server.address() as AddressInfo).port}` })
  return {
    client,
    calls: () => calls,
    close() {
      client.close()
      server.close()
    },
  }
}
let served: Awaited<ReturnType<typeof serveCut>>
afterEach(() => served.close())

const begin = (stream: ServerHttp2Stream) => {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
}
/** What comes after headers waits until the client has read these: its ping is answered behind them. */
const behindHeaders = (next: (stream: ServerHttp2Stream) => void) => (stream: ServerHttp2Stream) => {
  begin(stream)
  stream.session!.ping(() => next(stream))
}
const reset = (code: number) => (stream: ServerHttp2Stream) => stream.close(code)
const die = (stream: ServerHttp2Stream) => stream.session!.destroy()

describe.each([
  ['reset by a proxy, INTERNAL_ERROR', reset(2)],
  ['reset by a proxy, CANCEL', reset(8)],
  ['reset by a proxy behind its headers', behindHeaders(reset(2))],
  ['whose connection is lost behind its headers', behindHeaders(die)],
])('an answer %s', (_, how) => {
  test('is asked for again, once, by who may ask twice', async () => {
    served = await serveCut(1, how)
    expect(await served.client.getUser({ userId })).toMatchObject({ user: null })
    expect(served.calls()).toBe(2)
  })

  test('twice fails the call', async () => {
    served = await serveCut(2, how)
    expect(await failure(served.client.getUser({ userId }))).toMatchObject({ name: 'RpcError' })
    expect(served.calls()).toBe(2)
  })

  test('fails a call that may not run twice', async () => {
    served = await serveCut(1, how)
    expect(await failure(served.client.deleteUser({ userId }))).toMatchObject({ name: 'RpcError' })
    expect(served.calls()).toBe(1)
  })
})

test('what gRPC has tried four times is left at that', async () => {
  served = await serveCut(Infinity, (stream) =>
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': status.UNAVAILABLE },
      { endStream: true },
    ),
  )
  expect(await failure(served.client.getUser({ userId }))).toMatchObject({ code: status.UNAVAILABLE })
  expect(served.calls()).toBe(4)
})
