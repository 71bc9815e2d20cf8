import { randomUUID } from 'node:crypto'
import { connect } from 'node:http2'
import { ConnectError } from '@connectrpc/connect'
import { AuthService } from '@quartet/proto/auth'
import { ErrorInfoSchema } from '@quartet/proto/rpc-status'
import { UserService, type User__Output } from '@quartet/proto/user'
import { createClient } from '@quartet/rpc'
import { describeWith, failure } from '@quartet/testing'
import { callers, methodOf } from '@quartet/tools/callers'
import { hasEnvoy, start } from './suite.ts'

const getUser = methodOf(UserService, 'GetUser')
const createUser = methodOf(UserService, 'CreateUser')

describeWith('Envoy', hasEnvoy, () => {
  let suite: Awaited<ReturnType<typeof start>>
  let edge: ReturnType<typeof callers>
  let token: string
  beforeAll(async () => {
    suite = await start()
    edge = callers(suite.edge)
    const { email, password } = suite.account('ADMIN')
    const { json } = await edge.http('/v1/auth:signIn', { method: 'POST', body: { email, password } })
    token = (json as { tokens: { accessToken: string } }).tokens.accessToken
  })
  afterAll(async () => {
    edge?.close()
    await suite?.stop()
  })

  const newUser = () => ({ name: 'Grace Hopper', email: `${randomUUID()}@example.org` })
  const create = async () => {
    const { answer } = await edge.grpc(createUser, newUser(), { token })
    return (answer as { user: User__Output }).user
  }

  test('one user in three protocols', async () => {
    const user = await create()
    const { answer } = await edge.grpc(getUser, { userId: user.id }, { token })
    const { json } = await edge.http(`/v1/users/${user.id}`, { token })
    const web = (await edge.web(getUser, { userId: user.id }, { token })) as { user: { email: string } }
    expect(answer).toEqual({ user })
    expect(json).toMatchObject({
      user: { id: user.id, email: user.email, role: 'USER_ROLE_VIEWER', etag: '1' },
    })
    expect(web.user).toMatchObject({ id: user.id, email: user.email })
  })

  test('one error in three protocols, with its reason', async () => {
    const userId = randomUUID()
    const client = createClient(UserService, { target: suite.edge, token: () => token })
    const info = { reason: 'USER_NOT_FOUND', metadata: { userId } }
    expect(await failure(client.getUser({ userId }))).toMatchObject(info)
    client.close()
    const { status, json } = await edge.http(`/v1/users/${userId}`, { token })
    expect(status).toBe(404)
    expect(json).toMatchObject({ code: 5, details: [{ ...info, domain: 'quartet' }] })
    const error = (await failure(edge.web(getUser, { userId }, { token }))) as ConnectError
    expect(error.findDetails(ErrorInfoSchema)).toMatchObject([info])
  })

  test('every demo account signs in, and is let in by its role', async () => {
    const statuses: Record<string, number> = {}
    for (const { email, password, role } of suite.accounts) {
      const signedIn = await edge.http('/v1/auth:signIn', { method: 'POST', body: { email, password } })
      const { accessToken } = (signedIn.json as { tokens: { accessToken: string } }).tokens
      statuses[role] = (await edge.http('/v1/users', { token: accessToken })).status
    }
    expect(statuses).toEqual({ ADMIN: 200, EDITOR: 200, VIEWER: 403 })
  })

  test.each<[string, string, { method?: string; body?: object }, number, string]>([
    ['a malformed id', '/v1/users/seven', {}, 400, 'user_id'],
    ['an empty body', '/v1/users', { method: 'POST', body: {} }, 400, 'name'],
    [
      'an enum value nobody knows',
      '/v1/users',
      { method: 'POST', body: { ...newUser(), role: 77 } },
      400,
      'role',
    ],
    ['a wrong type', '/v1/users', { method: 'POST', body: { name: { first: 'x' } } }, 400, ''],
    ['no JSON at all', '/v1/users', { method: 'POST', body: Buffer.from('{"name": "x') }, 400, ''],
    [
      'invalid UTF-8',
      '/v1/users',
      { method: 'POST', body: Buffer.from('7b226e616d65223a22ff22 7d', 'hex') },
      400,
      '',
    ],
    ['a page of -1', '/v1/users?pageSize=-1', {}, 400, 'page_size'],
    ['a page token that is none', '/v1/users?pageToken=x', {}, 400, ''],
  ])('%s is refused by name, and the next call works', async (_, path, request, status, field) => {
    const answer = await edge.http(path, { ...request, token })
    expect(answer.status).toBe(status)
    expect(JSON.stringify(answer.json ?? '')).toContain(field)
    expect((await edge.http('/v1/users?pageSize=1', { token })).status).toBe(200)
  })

  test('5 MB is too much, in every protocol', async () => {
    const big = { ...newUser(), name: 'x'.repeat(5_000_000) }
    expect(await edge.grpc(createUser, big, { token })).toMatchObject({ code: 8 })
    expect((await edge.http('/v1/users', { method: 'POST', body: big, token })).status).toBe(429)
    expect(((await failure(edge.web(createUser, big, { token }))) as ConnectError).code).toBe(8)
    expect(await edge.grpc(getUser, { userId: randomUUID() }, { token })).toMatchObject({ code: 5 })
  })

  test('gRPC and HTTP/1.1 share the port', async () => {
    const session = connect(`http://${suite.edge}`)
    const stream = session.request({ ':path': '/.well-known/jwks.json' })
    let body = ''
    for await (const chunk of stream) body += chunk
    session.close()
    expect(JSON.parse(body).keys).toHaveLength(1)
    expect((await edge.http('/.well-known/jwks.json')).status).toBe(200)
  })

  test('signing in, straight to the service as well', async () => {
    const client = createClient(AuthService, { target: suite.endpoints['user']! })
    const { email, password } = suite.account('VIEWER')
    expect((await client.signIn({ email, password })).user).toMatchObject({ role: 'USER_ROLE_VIEWER' })
    client.close()
  })
})
