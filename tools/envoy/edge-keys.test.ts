import { status } from '@grpc/grpc-js'
import { Code } from '@connectrpc/connect'
import { UserService } from '@quartet/proto/user'
import { methodOf } from './testing-callers.ts'
import { describeEdge } from './testing-edge.ts'

const getUser = methodOf(UserService, 'GetUser')
const down = () => Promise.reject({ code: status.UNAVAILABLE, details: 'down' })

describeEdge(
  (edge) => {
    test('without keys no token is called bad, and keys outlive their issuer', async () => {
      edge.backend.answer('GetJwks', down)
      const token = edge.token()
      expect((await edge.grpc(getUser, {}, { token })).code).toBe(status.UNAVAILABLE)
      await expect(edge.web(getUser, {}, { token })).rejects.toMatchObject({ code: Code.Unavailable })
      expect(await edge.http('/v1/users/7', { token })).toMatchObject({ status: 503, json: { code: 14 } })

      edge.backend.answer('GetJwks', () => edge.jwks)
      await edge.envoy.reached('http.edge.jwt_authn.jwks_fetch_success', 1)
      edge.backend.answer('GetJwks', down)
      const failures = 'http.edge.jwt_authn.jwks_fetch_failed'
      await edge.envoy.reached(failures, (await edge.envoy.figure(failures)) + 1)
      expect((await edge.grpc(getUser, {}, { token: edge.token() })).code).toBe(status.OK)
    })
  },
  { yaml: (text) => text.replace('cache_duration: 300s', 'cache_duration: 0.1s') },
)
