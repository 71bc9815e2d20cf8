import { status } from '@grpc/grpc-js'
import { Health } from '@quartet/proto/grpc'
import { createClient } from './client/client.ts'
import { failure, serve } from './testing/serve.ts'

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
