import { status } from '@grpc/grpc-js'
import { Code } from '@connectrpc/connect'
import { UserService } from '@quartet/proto/user'
import { methodOf } from './testing-callers.ts'
import { describeEdge } from './testing-edge.ts'

const getUser = methodOf(UserService, 'GetUser')

describeEdge(
  (edge) => {
    test('an address that calls too often is told RESOURCE_EXHAUSTED in every protocol', async () => {
      const exhaust = async () => {
        while ((await edge.grpc(getUser)).code !== status.RESOURCE_EXHAUSTED);
      }
      await exhaust()
      const elsewhere = { headers: { 'x-forwarded-for': '192.0.2.1' } } // not for callers to say
      expect((await edge.grpc(getUser, {}, elsewhere)).code).toBe(status.RESOURCE_EXHAUSTED)
      await expect(edge.web(getUser)).rejects.toMatchObject({ code: Code.ResourceExhausted })
      const json = await edge.http('/v1/users/7')
      expect(json).toMatchObject({ status: 429, json: { code: 8 } })
      expect(json.headers.get('retry-after')).toMatch(/^\d+$/)
      expect((await edge.http('/healthz')).status).toBe(200)
    })
  },
  {
    yaml: (text) =>
      text.replace(
        'max_tokens: 10000, tokens_per_fill: 5000, fill_interval: 1s',
        'max_tokens: 3, tokens_per_fill: 3, fill_interval: 60s',
      ),
  },
)
