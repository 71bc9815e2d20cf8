import { Metadata, status } from '@grpc/grpc-js'
import { BadRequestSchema } from '@quartet/proto/rpc-status'
import { healthCheck } from './client/health-check.ts'
import { RpcError } from './errors.ts'
import { collect, failure, serve, userId } from './testing/serve.ts'

type Served = Awaited<ReturnType<typeof serve>>
let served: Served
afterEach(() => served.close())

const sync = (sequence: number) => ({ sequence: String(sequence), update: { user: {} } })
async function* syncs(count: number) {
  for (let i = 0; i < count; i++) yield sync(i)
}

describe('the four kinds', () => {
  test('unary', async () => {
    served = await serve({
      async getUser({ userId }, { trailers, metadata }) {
        trailers.set('x-heard', String(metadata.get('x-said')[0]))
        return { user: { id: userId, role: 'USER_ROLE_ADMIN', age: 0 } }
      },
    })
    const metadata = new Metadata()
    metadata.set('x-said', 'hello')
    let trailers = new Metadata()
    const { user } = await served.client.getUser(
      { userId },
      { metadata, onTrailers: (sent) => (trailers = sent) },
    )
    expect(user).toMatchObject({ id: userId, role: 'USER_ROLE_ADMIN', age: 0, plan: 'USER_PLAN_UNSPECIFIED' })
    expect(Object.keys(trailers.getMap()).toSorted()).toEqual(['x-heard', 'x-quartet-replica'])
    expect(trailers.getMap()).toMatchObject({ 'x-heard': 'hello', 'x-quartet-replica': 'here' })
  })

  test('server streaming', async () => {
    served = await serve({
      async *streamUsers() {
        for (let i = 0; i < 500; i++) yield { users: [{ id: String(i) }] }
      },
    })
    const pages = await collect(served.client.streamUsers({}))
    expect(pages.map(({ users }) => Number(users[0]!.id))).toEqual(Array.from({ length: 500 }, (_, i) => i))
  })

  test('server streaming, pushed', async () => {
    served = await serve({
      streamUsers: () => ({
        async pushTo(send) {
          for (let i = 0; i < 500; i++) await send({ users: [{ id: String(i) }] })
          throw new RpcError(status.DATA_LOSS, 'DISK_FULL')
        },
      }),
    })
    const ids: number[] = []
    const read = async () => {
      for await (const { users } of served.client.streamUsers({})) ids.push(Number(users[0]!.id))
    }
    expect(await failure(read())).toMatchObject({ code: status.DATA_LOSS, reason: 'DISK_FULL' })
    expect(ids).toEqual(Array.from({ length: 500 }, (_, i) => i))
  })

  test('client streaming', async () => {
    served = await serve({
      async batchCreateUsers(requests) {
        const all = await collect(requests)
        return { createdCount: all.filter(({ payload }) => payload === 'user').length }
      },
    })
    async function* requests() {
      for (let i = 0; i < 500; i++) yield { user: { name: 'n', email: 'e@example.org' } }
      yield { commit: { count: 500 } }
    }
    expect((await served.client.batchCreateUsers(requests())).createdCount).toBe(500)
  })

  test('bidirectional, each answer before the next request', async () => {
    served = await serve({
      async *syncUsers(requests) {
        for await (const { sequence } of requests) yield { sequence, outcome: 'SYNC_OUTCOME_UNCHANGED' }
      },
    })
    const answered: string[] = []
    let answer = Promise.withResolvers<void>()
    async function* inTurn() {
      for (let i = 0; i < 20; i++) {
        yield sync(i)
        await answer.promise
        answer = Promise.withResolvers()
      }
    }
    for await (const { sequence } of served.client.syncUsers(inTurn())) {
      answered.push(sequence)
      answer.resolve()
    }
    expect(answered).toEqual(Array.from({ length: 20 }, (_, i) => String(i)))
  })
})

describe('errors', () => {
  test('an RpcError arrives as it was thrown', async () => {
    served = await serve({
      async getUser({ userId }) {
        throw new RpcError(status.NOT_FOUND, 'USER_NOT_FOUND', { userId })
      },
    })
    expect(await failure(served.client.getUser({ userId }))).toMatchObject({
      name: 'RpcError',
      code: status.NOT_FOUND,
      reason: 'USER_NOT_FOUND',
      message: 'user not found',
      metadata: { userId },
    })
  })

  test('anything else is INTERNAL with a fixed text, and its cause in the log only', async () => {
    served = await serve({
      async getUser() {
        throw new Error('select password from users')
      },
    })
    expect(await failure(served.client.getUser({ userId }))).toMatchObject({
      code: status.INTERNAL,
      message: 'internal error',
    })
    expect(served.lines.find(({ level }) => level === 50)).toMatchObject({
      err: { message: 'select password from users' },
    })
  })

  test('a lone surrogate and a text of any length end the call, not the process', async () => {
    served = await serve({
      async getUser() {
        throw new RpcError(
          status.ABORTED,
          'ODD',
          { key: '\ud800' },
          { message: `\ud800${'x'.repeat(100_000)}` },
        )
      },
    })
    expect(await failure(served.client.getUser({ userId }))).toMatchObject({
      code: status.ABORTED,
      reason: 'ODD',
    })
    expect(await failure(served.client.getUser({ userId }))).toMatchObject({ code: status.ABORTED })
  })

  test('what a violation repeats of a request stays short enough for a header', async () => {
    served = await serve({ createUser: async () => ({}) })
    const request = { name: 'n', email: 'e@example.org', metadata: { ['鍵'.repeat(60_000)]: 'v' } }
    const error = (await failure(served.client.createUser(request))) as RpcError
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, reason: 'INVALID_REQUEST' })
    expect(error.details[0]!.message).toMatchObject({ fieldViolations: [{ reason: 'STRING_MAX_LEN' }] })
    expect(error.message.length).toBeLessThan(300)
  })

  test('an error of a dependency that is away is UNAVAILABLE', async () => {
    served = await serve(
      {
        async deleteUser() {
          throw new Error('ECONNREFUSED')
        },
      },
      { isUnavailable: (error) => (error as Error).message === 'ECONNREFUSED' },
    )
    expect(await failure(served.client.deleteUser({ userId }))).toMatchObject({
      code: status.UNAVAILABLE,
      reason: 'DEPENDENCY_UNAVAILABLE',
    })
  })

  test('before and after the first message of a stream', async () => {
    served = await serve({
      async *streamUsers({ filter }) {
        if (filter) throw new RpcError(status.ABORTED, 'BEFORE')
        yield { users: [] }
        throw new RpcError(status.ABORTED, 'AFTER')
      },
    })
    expect(await failure(collect(served.client.streamUsers({ filter: {} })))).toMatchObject({
      reason: 'BEFORE',
    })
    const seen: unknown[] = []
    const all = async () => {
      for await (const page of served.client.streamUsers({})) seen.push(page)
    }
    expect(await failure(all())).toMatchObject({ reason: 'AFTER' })
    expect(seen).toHaveLength(1)
  })

  test('a response that is none is INTERNAL', async () => {
    served = await serve({ getUser: (async () => ({ user: { createdAt: 'yesterday' } })) as never })
    expect(await failure(served.client.getUser({ userId }))).toMatchObject({ code: status.INTERNAL })
  })

  test('a method without a handler is UNIMPLEMENTED', async () => {
    served = await serve({})
    expect(await failure(served.client.getUser({ userId }))).toMatchObject({ code: status.UNIMPLEMENTED })
  })

  test('a refusing interceptor keeps the handler and later interceptors out, and all that ran hear the end', async () => {
    const heard: string[] = []
    const refusing = (name: string) => ({
      onCall() {
        heard.push(`call ${name}`)
        throw new RpcError(status.PERMISSION_DENIED, name)
      },
      onEnd: (_: unknown, { code }: { code: status }) => heard.push(`end ${name} ${code}`),
    })
    const before = { onCall: async () => {}, onEnd: () => heard.push('end before') }
    served = await serve(
      { getUser: async () => (heard.push('handler'), {}) },
      { interceptors: [before, refusing('FIRST'), refusing('SECOND')] as never },
    )
    expect(await failure(served.client.getUser({ userId }))).toMatchObject({ reason: 'FIRST' })
    expect(heard).toEqual(['call FIRST', 'end FIRST 7', 'end before'])
  })
})

test('interceptors of others do not see health and reflection', async () => {
  const seen: string[] = []
  served = await serve(
    { getUser: async () => ({}) },
    { interceptors: [{ onCall: ({ method }) => void seen.push(method.name) }] },
  )
  await healthCheck({ target: served.target, service: '', signal: AbortSignal.timeout(20_000) })
  await served.client.getUser({ userId })
  expect(seen).toEqual(['GetUser'])
})

test('an interceptor that still waits when the call ends hears the end behind its beginning, the others at once', async () => {
  const heard: string[] = []
  const waiting = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  const told = Promise.withResolvers<void>()
  const first = { onEnd: () => heard.push('end of the first') }
  const slow = {
    async onCall() {
      waiting.resolve()
      await goOn.promise
      heard.push('slow let it in')
    },
    onEnd: () => {
      heard.push('end of the slow')
      told.resolve()
    },
  }
  served = await serve(
    { getUser: async () => (heard.push('handler'), {}) },
    { interceptors: [first, slow] as never },
  )
  const controller = new AbortController()
  const call = failure(served.client.getUser({ userId }, { signal: controller.signal }))
  await waiting.promise
  controller.abort()
  await call
  while (!heard.length) await new Promise(setImmediate)
  goOn.resolve()
  await told.promise
  expect(heard).toEqual(['end of the first', 'slow let it in', 'end of the slow'])
})

describe('who goes away', () => {
  test('a cancel reaches the handler', async () => {
    const reason = Promise.withResolvers<unknown>()
    served = await serve({
      async getUser(_, { signal }) {
        signal.addEventListener('abort', () => reason.resolve(signal.reason))
        controller.abort()
        return reason.promise as never
      },
    })
    const controller = new AbortController()
    expect(await failure(served.client.getUser({ userId }, { signal: controller.signal }))).toMatchObject({
      code: status.CANCELLED,
    })
    expect(await reason.promise).toMatchObject({ code: status.CANCELLED })
  })

  test('a deadline reaches the handler, and is the policy’s where the caller names none or a later one', async () => {
    const reason = Promise.withResolvers<unknown>()
    const deadlines: number[] = []
    served = await serve({
      async getUser(_, { signal, deadline }) {
        deadlines.push(deadline - Date.now())
        if (deadlines.length > 1) return {}
        signal.addEventListener('abort', () => reason.resolve(signal.reason))
        return reason.promise as never
      },
    })
    expect(await failure(served.client.getUser({ userId }, { timeoutMs: 1_000 }))).toMatchObject({
      code: status.DEADLINE_EXCEEDED,
    })
    // The client's own clock may be first: then it is a cancel that arrives.
    const { code } = (await reason.promise) as { code: status }
    expect([status.DEADLINE_EXCEEDED, status.CANCELLED]).toContain(code)
    await served.client.getUser({ userId }, { timeoutMs: 1e12 })
    expect(deadlines[1]).toBeGreaterThan(4_000)
    expect(deadlines[1]).toBeLessThanOrEqual(5_000) // GetUser's policy
  })

  test('a reader that leaves a stream ends the generator', async () => {
    const finished = Promise.withResolvers<void>()
    served = await serve({
      async *streamUsers() {
        try {
          for (;;) yield { users: Array.from({ length: 100 }, () => ({ id: userId })) }
        } finally {
          finished.resolve()
        }
      },
    })
    for await (const _ of served.client.streamUsers({})) break
    await finished.promise
  })

  test('a reader that stops holds the generator back', async () => {
    let written = 0
    served = await serve({
      async *streamUsers() {
        for (;;) {
          yield { users: [{ name: 'x'.repeat(100_000) }] }
          written++
          if (written === 200) throw new Error('nobody held it back')
        }
      },
    })
    const stream = served.client.streamUsers({})[Symbol.asyncIterator]()
    await stream.next()
    // The windows of both ends (8 MiB) may fill, not more. A unary call on the same connection still passes.
    expect(await failure(served.client.getUser({ userId }))).toMatchObject({ code: status.UNIMPLEMENTED })
    await stream.return?.()
    expect(written).toBeLessThan(120)
  })

  test('a reader that stops holds back all who push to it, until it goes', async () => {
    const pushing = Promise.withResolvers<void>()
    const ended: unknown[] = []
    let written = 0
    served = await serve({
      streamUsers: () => ({
        async pushTo(send) {
          const source = async () => {
            while (written < 200) {
              const waiting = send({ users: [{ name: 'x'.repeat(100_000) }] })
              written++
              await waiting
            }
          }
          const sources = [source(), source()].map(failure)
          ended.push(...(await Promise.all(sources)))
          pushing.resolve()
        },
      }),
    })
    const stream = served.client.streamUsers({})[Symbol.asyncIterator]()
    await stream.next()
    expect(await failure(served.client.getUser({ userId }))).toMatchObject({ code: status.UNIMPLEMENTED })
    await stream.return?.()
    await pushing.promise
    expect(written).toBeLessThan(120)
    expect(ended).toMatchObject([{ code: status.CANCELLED }, { code: status.CANCELLED }])
  })

  test('a client whose requests fail gets its own error, and the handler CANCELLED', async () => {
    const arrived = Promise.withResolvers<void>()
    const ended = Promise.withResolvers<unknown>()
    served = await serve({
      async batchCreateUsers(requests) {
        arrived.resolve()
        ended.resolve(await failure(collect(requests)))
        return {}
      },
    })
    async function* failing() {
      yield { user: { name: 'n', email: 'e@example.org' } }
      await arrived.promise
      throw new Error('the disk is gone')
    }
    await expect(served.client.batchCreateUsers(failing())).rejects.toThrow('the disk is gone')
    expect(await ended.promise).toMatchObject({ code: status.CANCELLED })
  })
})

describe('bad requests', () => {
  test('a broken rule is INVALID_ARGUMENT with the field, and the next call works', async () => {
    served = await serve({ getUser: async ({ userId }) => ({ user: { id: userId } }) })
    const error = (await failure(served.client.getUser({ userId: 'seven' }))) as RpcError
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, reason: 'INVALID_REQUEST' })
    const badRequest = error.details.find(({ schema }) => schema === BadRequestSchema)
    expect(badRequest?.message).toMatchObject({
      fieldViolations: [{ field: 'user_id', reason: 'STRING_UUID' }],
    })
    expect((await served.client.getUser({ userId })).user!.id).toBe(userId)
  })

  test('in a stream too', async () => {
    served = await serve({
      async *syncUsers(requests) {
        for await (const { sequence } of requests) yield { sequence }
      },
    })
    async function* bad() {
      yield* syncs(2)
      yield { sequence: '-1', update: { user: {} } }
    }
    expect(await failure(collect(served.client.syncUsers(bad())))).toMatchObject({
      code: status.INVALID_ARGUMENT,
    })
  })

  test('5 MB is RESOURCE_EXHAUSTED, and the next call works', async () => {
    served = await serve({ createUser: async () => ({}), getUser: async () => ({}) })
    const big = { name: 'x'.repeat(5_000_000), email: 'e@example.org' }
    expect(await failure(served.client.createUser(big))).toMatchObject({ code: status.RESOURCE_EXHAUSTED })
    await served.client.getUser({ userId })
  })
})

test('a call leaves one line in the log, with its names fixed and nothing of its content', async () => {
  served = await serve({ getUser: async () => ({}) })
  const metadata = new Metadata()
  metadata.set('traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01')
  metadata.set('authorization', 'Bearer secret')
  await served.client.getUser({ userId }, { metadata })
  expect(served.lines).toHaveLength(1)
  expect(served.lines[0]).toMatchObject({
    method: '/quartet.user.v1.UserService/GetUser',
    kind: 'unary',
    code: 'OK',
    received: 1,
    sent: 1,
    traceId: '0af7651916cd43dd8448eb211c80319c',
    durationMs: expect.any(Number),
  })
  expect(JSON.stringify(served.lines)).not.toContain('secret')
})
