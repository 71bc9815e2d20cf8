import { UserService } from '@quartet/proto/user'
import { describeEdge } from './testing-edge.ts'

const preflight = (origin: string) => ({
  method: 'OPTIONS',
  headers: {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,content-type,x-grpc-web',
  },
})
const paths = [`/${UserService.name}/GetUser`, '/v1/users/7']

describeEdge(
  (edge) => {
    test.each(paths)('%s may be called by pages of a listed origin only', async (path) => {
      const allowed = await edge.http(path, preflight('https://console.example'))
      expect(allowed.headers.get('access-control-allow-origin')).toBe('https://console.example')
      expect(allowed.headers.get('access-control-allow-headers')).toContain('x-grpc-web')
      const answer = await edge.http(path, { headers: { origin: 'https://console.example' } })
      expect(answer.headers.get('access-control-expose-headers')).toContain('grpc-status-details-bin')
      const foreign = await edge.http(path, preflight('https://elsewhere.example'))
      expect(foreign.headers.get('access-control-allow-origin')).toBeNull()
    })
  },
  { origins: ['https://console.example'] },
)
