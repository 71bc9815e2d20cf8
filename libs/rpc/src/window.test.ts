import { once } from 'node:events'
import { connect } from 'node:http2'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Server } from '@grpc/grpc-js'
import { serve } from './testing/serve.ts'
import { raiseReceiveWindow } from './window.ts'

test('a peer may have 8 MiB under way, on a stream and on the connection', async () => {
  const served = await serve({})
  const session = connect(`http://${served.target}`)
  await once(session, 'remoteSettings')
  expect(session.remoteSettings.initialWindowSize).toBe(8 * 1024 * 1024)
  // The connection's window is raised by an update of its own, which may come a moment later.
  while (session.state.remoteWindowSize! < 8 * 1024 * 1024) await nextTurn()
  session.destroy()
  served.close()
})

test('says so when grpc-js keeps its settings elsewhere', () => {
  const other = new Server()
  delete (other as never as { commonServerOptions?: unknown }).commonServerOptions
  expect(() => raiseReceiveWindow(other)).toThrow('keeps its HTTP/2 settings elsewhere')
})

test('close ends the connections that are open, with what runs on them', async () => {
  const called = Promise.withResolvers<void>()
  const served = await serve({
    async *watchUsers() {
      called.resolve()
      await new Promise(() => {})
      yield {}
    },
  })
  const session = connect(`http://${served.target}`)
  session.on('error', () => {}) // cut off, as it should be
  const closed = new Promise((resolve) => session.once('close', resolve))
  const stream = session.request({
    ':method': 'POST',
    ':path': '/quartet.user.v1.UserService/WatchUsers',
    'content-type': 'application/grpc',
    te: 'trailers',
  })
  stream.on('error', () => {})
  stream.end(Buffer.alloc(5))
  await called.promise
  served.server.close()
  await closed
  served.close()
})
