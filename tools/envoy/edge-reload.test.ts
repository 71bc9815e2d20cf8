import { status } from '@grpc/grpc-js'
import { allServices } from '@quartet/proto/all'
import { Health } from '@quartet/proto/grpc'
import { OrderService } from '@quartet/proto/order'
import { clusters } from './clusters.ts'
import { writeResources } from './resources.ts'
import { routeConfiguration } from './routes.ts'
import { startBackend } from './testing-backend.ts'
import { methodOf } from './testing-callers.ts'
import { describeEdge } from './testing-edge.ts'

const getOrder = methodOf(OrderService, 'GetOrder')

describeEdge(
  (edge) => {
    test('a service that is added gets its calls without a restart, and bad routes change nothing', async () => {
      const token = edge.token()
      const order = await startBackend([OrderService, Health])
      try {
        expect((await edge.grpc(getOrder, {}, { token })).code).toBe(status.OK)
        const user = { name: 'user', host: 'localhost', port: edge.backend.port }
        await writeResources(
          edge.envoy.directory,
          'clusters.yaml',
          clusters([user, { name: 'order', host: '127.0.0.1', port: order.port }]),
        )
        await edge.envoy.reached('cluster.order.membership_healthy', 1)
        const routes = routeConfiguration(allServices, [{ name: 'order', serves: [OrderService.name] }], [])
        await writeResources(edge.envoy.directory, 'routes.yaml', [routes])
        await edge.envoy.reached('http.edge.rds.edge.update_success', 2)
        expect((await edge.grpc(getOrder, {}, { token })).code).toBe(status.OK)
        expect(order.calls).toMatchObject([{ method: 'GetOrder' }])

        await writeResources(edge.envoy.directory, 'routes.yaml', [{ ...routes, virtual_hosts: [{}] }])
        await edge.envoy.line('virtual_hosts')
        expect((await edge.grpc(getOrder, {}, { token })).code).toBe(status.OK)
        expect(order.calls).toHaveLength(2)
      } finally {
        order.stop()
      }
    })
  },
  { host: 'localhost' }, // a name, as in compose and Kubernetes
)
