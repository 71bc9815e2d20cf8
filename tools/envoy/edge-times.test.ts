import { status } from '@grpc/grpc-js'
import { Code } from '@connectrpc/connect'
import { UserService } from '@quartet/proto/user'
import { methodOf } from './testing-callers.ts'
import { describeEdge } from './testing-edge.ts'
import type { Received } from './testing-backend.ts'

const getUser = methodOf(UserService, 'GetUser') // reads
const updateUser = methodOf(UserService, 'UpdateUser') // may be repeated
const createUser = methodOf(UserService, 'CreateUser') // may not, for all that Envoy can see
const deleteUser = methodOf(UserService, 'DeleteUser') // may not

describeEdge((edge) => {
  const policy = Number(getUser.policy!.timeout!.seconds) * 1000
  const attempts = (name: string) => edge.backend.calls.filter(({ method }) => method === name).length
  /** UNAVAILABLE, until it is asked for the `times` + 1st time. */
  const failing = (times: number) => {
    let failed = 0
    return () => (failed++ < times ? Promise.reject({ code: status.UNAVAILABLE, details: `${failed}` }) : {})
  }
  const never = () => new Promise<object>(() => {})

  test('the service is given a second more than its policy, and less when the caller has less', async () => {
    const token = edge.token()
    const remaining: number[] = []
    edge.backend.answer('GetUser', (call: Received) => (remaining.push(call.remaining), {}))
    await edge.grpc(getUser, {}, { token })
    await edge.grpc(getUser, {}, { token, timeoutMs: 3_600_000 })
    await edge.http('/v1/users/7', { token })
    await edge.grpc(getUser, {}, { token, timeoutMs: policy - 1000 })
    for (const given of remaining.splice(0, 3)) {
      expect(given).toBeGreaterThan(policy)
      expect(given).toBeLessThanOrEqual(policy + 1000)
    }
    expect(remaining[0]).toBeLessThanOrEqual(policy - 1000)
  })

  test('a deadline that Envoy meets first is DEADLINE_EXCEEDED, in JSON too', async () => {
    const token = edge.token()
    edge.backend.answer('UpdateUser', never)
    const soon = { token, headers: { 'grpc-timeout': '50m' } } // by header only: the client itself waits
    expect((await edge.grpc(updateUser, {}, soon)).code).toBe(status.DEADLINE_EXCEEDED)
    await expect(edge.web(updateUser, {}, soon)).rejects.toMatchObject({ code: Code.DeadlineExceeded })
    const patch = { method: 'PATCH', body: {}, ...soon }
    expect(await edge.http('/v1/users/7', patch)).toMatchObject({ status: 504, json: { code: 4 } })
  })

  test('UNAVAILABLE is asked again of a method that may be repeated, and of no other', async () => {
    const token = edge.token()
    const headers = { 'x-envoy-retry-on': 'unavailable', 'x-envoy-max-retries': '3' } // not for callers to say
    for (const [method, repeated] of [
      [getUser, true],
      [updateUser, true],
      [createUser, false],
      [deleteUser, false],
    ] as const) {
      const before = attempts(method.name)
      edge.backend.answer(method.name, failing(1))
      const { code } = await edge.grpc(method, {}, { token, headers })
      expect([method.name, code]).toEqual([method.name, repeated ? status.OK : status.UNAVAILABLE])
      expect(attempts(method.name) - before).toBe(repeated ? 2 : 1)
    }
  })

  test('a read without an answer is asked once more, and the first one goes on', async () => {
    const token = edge.token()
    const before = attempts('GetUser')
    const waiting: ((answer: object) => void)[] = []
    // The second attempt makes the first one answer.
    edge.backend.answer('GetUser', () => {
      waiting[0]?.({ user: { name: 'first' } })
      return new Promise((resolve) => waiting.push(resolve))
    })
    expect((await edge.grpc(getUser, {}, { token })).answer).toMatchObject({ user: { name: 'first' } })
    expect(attempts('GetUser') - before).toBe(2)
  })
})
