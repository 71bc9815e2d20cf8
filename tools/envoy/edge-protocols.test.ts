import { status } from '@grpc/grpc-js'
import { Code } from '@connectrpc/connect'
import { UserService } from '@quartet/proto/user'
import { methodOf } from './testing-callers.ts'
import { describeEdge } from './testing-edge.ts'

const getUser = methodOf(UserService, 'GetUser')
const streamUsers = methodOf(UserService, 'StreamUsers')
const createUser = methodOf(UserService, 'CreateUser')

describeEdge((edge) => {
  test('a unary call and its error, in gRPC, gRPC-Web and JSON', async () => {
    const token = edge.token()
    edge.backend.answer('GetUser', () => ({ user: { id: '7', name: 'Ada' } }))
    expect((await edge.grpc(getUser, {}, { token })).answer).toMatchObject({ user: { name: 'Ada' } })
    expect(await edge.web(getUser, {}, { token })).toMatchObject({ user: { name: 'Ada' } })
    const { json } = await edge.http('/v1/users/7', { token })
    expect(json).toMatchObject({ user: { id: '7', name: 'Ada', email: '', tags: [] } }) // defaults are printed

    edge.backend.answer('GetUser', () => Promise.reject({ code: status.NOT_FOUND, details: 'no é' }))
    expect(await edge.grpc(getUser, {}, { token })).toMatchObject({ code: status.NOT_FOUND, details: 'no é' })
    await expect(edge.web(getUser, {}, { token })).rejects.toMatchObject({
      code: Code.NotFound,
      rawMessage: 'no é',
    })
    expect(await edge.http('/v1/users/7', { token })).toMatchObject({
      status: 404,
      json: { code: 5, message: 'no é' },
    })
  })

  test('a server stream, in gRPC-Web and as lines of JSON', async () => {
    const pages = ['Ada', 'Grace'].map((name) => ({ users: [{ name }] }))
    edge.backend.answer('StreamUsers', () => pages)
    const token = edge.token()
    const received: object[] = []
    for await (const page of edge.webStream(streamUsers, {}, { token })) received.push(page)
    expect(received).toMatchObject(pages)
    expect((await edge.http('/v1/users:stream', { token })).lines).toMatchObject(pages)
  })

  test('only a client stream may be larger than 8 MiB', async () => {
    const token = edge.token()
    let size = 0
    edge.backend.answer('UploadFile', ({ requests }) => {
      for (const { body } of requests as { body?: { data: Buffer } }[]) size += body?.data.length ?? 0
      return {}
    })
    const upload = { method: 'POST', token, body: Buffer.alloc(9_000_000) }
    expect((await edge.http('/v1/files?name=large', upload)).status).toBe(200)
    expect(size).toBe(9_000_000)

    const name = 'x'.repeat(9_000_000)
    expect((await edge.grpc(createUser, { name }, { token })).code).toBe(status.RESOURCE_EXHAUSTED)
    await expect(edge.web(createUser, { name }, { token })).rejects.toMatchObject({
      code: Code.ResourceExhausted,
    })
    expect(await edge.http('/v1/users', { method: 'POST', token, body: { name } })).toMatchObject({
      status: 413,
      json: { code: 8, message: 'content length too large' },
    })
  })

  test('a message of 3 MB passes both ways as JSON', async () => {
    edge.backend.answer('CreateUser', ({ requests }) => ({ user: requests[0]! }))
    const name = 'x'.repeat(3_000_000)
    const { json } = await edge.http('/v1/users', { method: 'POST', token: edge.token(), body: { name } })
    expect(json).toMatchObject({ user: { name } })
  })

  test('5 MB get to the service, whose refusal is in the language of its caller', async () => {
    const token = edge.token()
    const name = 'x'.repeat(5_000_000)
    const refused = { code: status.RESOURCE_EXHAUSTED, details: expect.stringContaining('larger than max') }
    expect(await edge.grpc(createUser, { name }, { token })).toMatchObject(refused)
    await expect(edge.web(createUser, { name }, { token })).rejects.toMatchObject({
      code: Code.ResourceExhausted,
    })
    expect(await edge.http('/v1/users', { method: 'POST', token, body: { name } })).toMatchObject({
      status: 429,
      json: { code: 8, message: refused.details },
    })
    expect((await edge.grpc(createUser, {}, { token })).code).toBe(status.OK)
  })

  test('what JSON cannot be read as a request is a plain 400', async () => {
    const token = edge.token()
    const broken = { method: 'POST', token, body: Buffer.from('{"name": ') }
    expect(await edge.http('/v1/users', broken)).toMatchObject({ status: 400, json: { code: 3 } })
    expect(await edge.http('/v1/users/7?nope=1', { token })).toMatchObject({ status: 400, json: { code: 3 } })
    expect(await edge.http('/v1/nope', { token })).toMatchObject({ status: 404, json: { code: 5 } })
  })

  test('the access log names the caller, not the query; metrics come without the admin interface', async () => {
    await edge.http('/v1/users?page_token=secret', { token: edge.token({ sub: 'ada' }) })
    const line = await edge.envoy.line('"subject":"ada"')
    expect(JSON.parse(line)).toMatchObject({ path: '/v1/users', status: 200, protocol: 'HTTP/1.1' })
    expect(line).not.toContain('secret')
    const metrics = await fetch(`http://${edge.envoy.metrics}/metrics`)
    expect(await metrics.text()).toContain('envoy_cluster_upstream_rq_total{envoy_cluster_name="user"}')
    const quit = await fetch(`http://${edge.envoy.metrics}/quitquitquit`, { method: 'POST' })
    expect(quit.status).toBe(404)
  })
})
