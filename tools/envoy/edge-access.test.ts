import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { status } from '@grpc/grpc-js'
import { Code } from '@connectrpc/connect'
import { AuthService } from '@quartet/proto/auth'
import { Health, ServerReflection } from '@quartet/proto/grpc'
import { MetricsService } from '@quartet/proto/metrics'
import { UserService } from '@quartet/proto/user'
import { methodOf } from './testing-callers.ts'
import { describeEdge } from './testing-edge.ts'
import { signingKey } from './testing-tokens.ts'

const getUser = methodOf(UserService, 'GetUser')
const signIn = methodOf(AuthService, 'SignIn')

describeEdge((edge) => {
  /** What reached the backend beside the keys that Envoy itself asks for. */
  const reached = () =>
    edge.backend.calls.map(({ method }) => method).filter((method) => method !== 'GetJwks')
  const past = Math.floor(Date.now() / 1000) - 3600
  const bad: Record<string, () => string> = {
    expired: () => edge.token({ exp: past }),
    'not yet valid': () => edge.token({ nbf: past + 7200 }),
    'without an end': () => edge.token({ exp: undefined }),
    'of another issuer': () => edge.token({ iss: 'somebody' }),
    'signed with another key': () => signingKey().token(),
    'signed with nothing': () => edge.token({}, { alg: 'none' }).replace(/[^.]*$/, ''),
    'with an unknown key id': () => edge.token({}, { kid: 'unknown' }),
    changed: () => edge.token().replace(/\..*\./, `.${edge.token({ sub: 'admin' }).split('.')[1]}.`),
    garbage: () => 'garbage',
  }

  test('no token is refused in every protocol, and nothing gets through', async () => {
    expect((await edge.grpc(getUser)).code).toBe(status.UNAUTHENTICATED)
    await expect(edge.web(getUser)).rejects.toMatchObject({ code: Code.Unauthenticated })
    // JSON too: the token is asked for after the transcoder, by the path of the method.
    for (const path of ['/v1/users/7', '/v1/users', '/v1/users:stream', '//v1/users/7']) {
      expect(await edge.http(path)).toMatchObject({
        status: 401,
        json: { code: 16, message: 'Jwt is missing' },
      })
    }
    expect((await edge.http('/v1/users', { method: 'POST', body: {} })).status).toBe(401)
    // A token in a query ends up in logs; a path that begins like an open one and goes elsewhere is not open.
    for (const path of [
      `${getUser.path}?access_token=${edge.token()}`,
      `/grpc.health.v1.Health/..${getUser.path}`,
    ]) {
      expect((await edge.grpc({ ...getUser, path })).code).toBe(status.UNAUTHENTICATED)
    }
    expect(reached()).toEqual([])
  })

  test.each(Object.keys(bad))('a token %s is refused, by methods that need none too', async (which) => {
    const token = bad[which]!()
    const before = reached().length
    for (const method of [getUser, signIn]) {
      expect((await edge.grpc(method, {}, { token })).code).toBe(status.UNAUTHENTICATED)
      await expect(edge.web(method, {}, { token })).rejects.toMatchObject({ code: Code.Unauthenticated })
    }
    const post = { method: 'POST', body: {}, token }
    expect(await edge.http('/v1/auth:signIn', post)).toMatchObject({ status: 401, json: { code: 16 } })
    expect(reached()).toHaveLength(before)
  })

  test('a token for another audience is refused', async () => {
    const token = edge.token({ aud: 'somebody' })
    expect((await edge.grpc(getUser, {}, { token })).code).toBe(status.PERMISSION_DENIED)
    expect(await edge.http('/v1/users/7', { token })).toMatchObject({ status: 403, json: { code: 7 } })
  })

  test('public methods, health and reflection need no token', async () => {
    expect((await edge.grpc(signIn)).code).toBe(status.OK)
    expect(await edge.web(signIn)).toBeDefined()
    expect((await edge.http('/v1/auth:signIn', { method: 'POST', body: {} })).status).toBe(200)
    expect((await edge.http('/.well-known/jwks.json')).json).toEqual(JSON.parse(edge.jwks.data.toString()))
    expect((await edge.http('/healthz')).status).toBe(200)
    expect((await edge.grpc(methodOf(Health, 'Check'))).answer).toMatchObject({ status: 'SERVING' })
    await edge.grpc(methodOf(ServerReflection, 'ServerReflectionInfo'))
    expect(edge.backend.calls.at(-1)).toMatchObject({ method: 'ServerReflectionInfo' })
    // Tells the service that it is asked for the whole contract, not just its own part.
    expect(edge.backend.calls.at(-1)?.metadata.get('x-quartet-edge')).toEqual(['true'])
  })

  test('what has no route needs a token, and the service says that it is not there', async () => {
    for (const method of [
      methodOf(MetricsService, 'WatchProcessMetrics'),
      { ...getUser, path: '/quartet.user.v1.UserService/Nothing' },
      { ...getUser, path: '/quartet.user.v1.userservice/GetUser' },
    ]) {
      expect((await edge.grpc(method)).code).toBe(status.UNAUTHENTICATED)
    }
    const nothing = { ...getUser, path: '/quartet.user.v1.UserService/Nothing' }
    expect((await edge.grpc(nothing, {}, { token: edge.token() })).code).toBe(status.UNIMPLEMENTED)
  })

  test('an escaped slash is refused, so that a path has one spelling', async () => {
    const token = edge.token()
    for (const path of ['/v1%2Fusers/7', '/v1/users%2f7', '/v1/users%5C7']) {
      expect(await edge.http(path, { token })).toMatchObject({ status: 400, json: { code: 3 } })
    }
  })

  test('a query cannot name another one than the path, however it is spelled', async () => {
    const token = edge.token()
    const queries = [
      '?user_id=8',
      '?userId=8',
      '?user_id=',
      '?user_id=7',
      '?&user_id=8',
      '?user_id=8&userId=7',
      '?%75ser%5Fid=8',
      '?user%5fid=8',
      '?%75%73%65%72%49%64=8',
    ]
    for (const query of queries)
      for (const method of ['GET', 'DELETE', 'PATCH']) {
        const body = method === 'PATCH' ? { body: { name: 'Ada' } } : {}
        expect(await edge.http(`/v1/users/7${query}`, { method, token, ...body })).toMatchObject({
          status: 400,
          json: { code: 3, message: 'user_id: the path names it, so the query may not' },
        })
        expect((await edge.http(`/v1/users/7${query}`, { method, ...body })).status).toBe(401)
      }
    expect((await edge.http('/v1/rooms/7/members/8?room_id=9', { method: 'DELETE', token })).status).toBe(400)
    // Other fields are the query's own.
    expect((await edge.http('/v1/users/7?etag=x', { method: 'DELETE', token })).status).toBe(200)
    expect(edge.backend.calls.at(-1)).toMatchObject({ requests: [{ userId: '7', etag: 'x' }] })
    expect((await edge.http('/v1/orders?customer_id=8', { token })).status).toBe(200)
  })

  test('two hosts are none', async () => {
    const raw = (hosts: string) =>
      `GET /v1/users/7 HTTP/1.1\r\n${hosts}authorization: Bearer ${edge.token()}\r\nconnection: close\r\n\r\n`
    const statusOf = async (request: string) => {
      const [host, port] = edge.envoy.target.split(':')
      const socket = connect(Number(port), host)
      socket.write(request)
      return (await text(socket)).split('\r\n')[0]
    }
    expect(await statusOf(raw('host: a\r\n'))).toBe('HTTP/1.1 200 OK')
    expect(await statusOf(raw('host: a\r\nhost: b\r\n'))).toBe('HTTP/1.1 400 Bad Request')
    expect(await statusOf(raw(''))).toBe('HTTP/1.1 400 Bad Request')
  })

  test('headers that claim an identity, or order Envoy about, do not get through', async () => {
    const claims = {
      'x-user-id': 'admin',
      'x-user-role': 'ADMIN',
      'x-jwt-payload': 'admin',
      'x-quartet-edge': 'false',
      'x-quartet-caller': 'admin',
      'x-envoy-original-path': '/elsewhere',
      'x-envoy-retry-on': 'unavailable',
    }
    const token = edge.token()
    for (const [method, caller] of [
      [getUser, { token }],
      [signIn, {}],
    ] as const) {
      await edge.grpc(method, {}, { ...caller, headers: claims })
      const { metadata } = edge.backend.calls.at(-1)!
      expect(Object.values(metadata.getMap())).not.toContainEqual(
        expect.stringMatching(/admin|false|elsewhere/i),
      )
      expect(metadata.get('x-quartet-edge')).toEqual(['true'])
    }
    expect(edge.backend.calls.at(-2)?.metadata.get('authorization')).toEqual([`Bearer ${token}`])
  })
})
