import { status } from '@grpc/grpc-js'
import { Health } from '@quartet/proto/grpc'
import { UserService } from '@quartet/proto/user'
import { pino } from 'pino'
import { createClient } from './client/client.ts'
import { testAuthority } from './testing/certificates.ts'
import { failure, serve, userId } from './testing/serve.ts'
import { tlsCredentials } from './tls/credentials.ts'

test('answers for every name the service serves, and no other', async () => {
  const served = await serve({})
  const health = createClient(Health, { target: served.target })
  const { statuses } = await health.list({})
  expect(Object.keys(statuses).toSorted()).toEqual([
    '',
    'liveness',
    'quartet.user.v1.UserService',
    'readiness',
  ])
  for (const service of Object.keys(statuses))
    expect(await health.check({ service })).toEqual({ status: 'SERVING' })
  expect(await failure(health.check({ service: 'nobody' }))).toMatchObject({ code: status.NOT_FOUND })
  for await (const answer of health.watch({ service: 'nobody' })) {
    expect(answer).toEqual({ status: 'SERVICE_UNKNOWN' })
    break
  }
  health.close()
  served.close()
})

test('readiness asks its question; liveness and the services depend on nobody', async () => {
  const served = await serve({}, { readiness: () => Promise.reject(new Error('no database')) })
  const health = createClient(Health, { target: served.target })
  const { statuses } = await health.list({})
  expect(statuses).toEqual({
    '': { status: 'SERVING' },
    'quartet.user.v1.UserService': { status: 'SERVING' },
    liveness: { status: 'SERVING' },
    readiness: { status: 'NOT_SERVING' },
  })
  health.close()
  served.close()
})

test('beside TLS a plaintext listener answers health checks, until the drain is over, and nothing else', async () => {
  const authority = await testAuthority()
  const tls = await tlsCredentials(await authority.write('user'), { logger: pino({ level: 'silent' }) })
  const served = await serve({ getUser: async () => ({}) }, { credentials: tls.server })
  const target = `127.0.0.1:${await served.server.listenForHealth('127.0.0.1', 0)}`
  const health = createClient(Health, { target })
  expect(await health.check({ service: 'readiness' })).toEqual({ status: 'SERVING' })
  const users = createClient(UserService, { target })
  expect(await failure(users.getUser({ userId }))).toMatchObject({ code: status.UNIMPLEMENTED })

  const watch = health.watch({ service: 'quartet.user.v1.UserService' })[Symbol.asyncIterator]()
  expect((await watch.next()).value).toEqual({ status: 'SERVING' })
  const drained = served.server.drain({ acceptMs: 0, graceMs: 10_000 })
  expect((await watch.next()).value).toEqual({ status: 'NOT_SERVING' })
  expect(await failure(watch.next())).toMatchObject({ code: status.UNAVAILABLE, reason: 'DRAINING' })
  await drained
  expect(await failure(health.check({ service: '' }, { waitForReady: false }))).toMatchObject({
    code: status.UNAVAILABLE,
  })
  users.close()
  health.close()
  served.close()
  tls.stop()
  authority.remove()
})
