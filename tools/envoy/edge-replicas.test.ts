import { status } from '@grpc/grpc-js'
import { allServices } from '@quartet/proto/all'
import { Health } from '@quartet/proto/grpc'
import { UserService } from '@quartet/proto/user'
import { clusters } from './clusters.ts'
import { writeResources } from './resources.ts'
import { startBackend } from './testing-backend.ts'
import { methodOf } from './testing-callers.ts'
import { describeEdge } from './testing-edge.ts'

const createUser = methodOf(UserService, 'CreateUser')
const nothing = { ...createUser, path: '/quartet.user.v1.UserService/Nothing' }

describeEdge((edge) => {
  test('a replica that is gone is left out at once, one whose callers provoke errors is not', async () => {
    const token = edge.token()
    const second = await startBackend([...allServices, Health])
    second.answer('GetJwks', () => edge.jwks)
    try {
      const [one, other] = clusters(
        [edge.backend, second].map(({ port }) => ({ name: 'user', host: '127.0.0.1', port })),
      )
      one!.load_assignment.endpoints.push(...other!.load_assignment.endpoints)
      await writeResources(edge.envoy.directory, 'clusters.yaml', [one!])
      await edge.envoy.reached('cluster.user.membership_healthy', 2)

      for (let call = 0; call < 20; call++) {
        expect(await edge.grpc(nothing, {}, { token })).toMatchObject({ code: status.UNIMPLEMENTED })
      }
      const ejections = 'cluster.user.outlier_detection.ejections'
      await edge.envoy.reached(`${ejections}_detected_consecutive_5xx`, 1)
      expect(await edge.envoy.figure(`${ejections}_enforced_total`)).toBe(0)
    } finally {
      second.stop()
    }
    for (let call = 0; call < 20; call++) {
      expect((await edge.grpc(createUser, {}, { token })).code).toBe(status.OK)
    }
  })
})
