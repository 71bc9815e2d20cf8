import { allServices } from '@quartet/proto/all'
import { People } from '@quartet/proto/contract'
import { routeConfiguration } from './routes.ts'

const routesOf = (...serves: string[]) =>
  routeConfiguration(allServices, [{ name: 'somewhere', serves }], []).virtual_hosts.flatMap(
    ({ routes }) => routes,
  )

test('each method that people may call has one route to its service, by its exact path', () => {
  const open = allServices
    .flatMap(({ methods }) => methods)
    .filter(({ policy }) => policy?.people !== People.NOBODY)
    .map(({ path }) => path)
  const routes = routesOf(...allServices.map(({ name }) => name))
  const paths = routes.flatMap(({ match, ...to }) => ('path' in match && 'route' in to ? match.path : []))
  expect(paths.toSorted()).toEqual(open.toSorted())
  expect(open).not.toContain('/quartet.metrics.v1.MetricsService/WatchProcessMetrics')
})

test('only what is served has routes, and everything else needs a token', () => {
  const routes = routesOf('quartet.user.v1.UserService')
  const prefixes = new Set(routes.map(({ name }) => name.split('/')[0]))
  expect([...prefixes]).toEqual([
    'more than one host',
    'quartet.user.v1.UserService',
    'grpc.health.v1.Health',
    'grpc.reflection.v1.ServerReflection',
    'grpc.reflection.v1alpha.ServerReflection',
    'other',
  ])
  expect(routes.at(-1)).toEqual({ name: 'other', match: { prefix: '/' }, route: { cluster: 'user' } })
})
