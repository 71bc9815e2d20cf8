import type { Service } from '@quartet/proto/contract'
import { corsPolicy } from './cors.ts'
import { idle, limit, methodRoutes, tokenOptional } from './method-routes.ts'
import { untouchedRetries } from './retries.ts'

/** A process that answers calls: the name of its cluster, and the gRPC services that go there. */
export interface Backend {
  readonly name: string
  readonly serves: readonly string[]
}

/** What belongs to no service goes here: health, reflection, and methods that nobody serves (UNIMPLEMENTED). */
const front = 'user'
const openServices = [
  'grpc.health.v1.Health',
  'grpc.reflection.v1.ServerReflection',
  'grpc.reflection.v1alpha.ServerReflection',
]

/**
 * The routes of the edge, an envoy.config.route.v3.RouteConfiguration made from the contract: one for the
 * exact path of each method that a person may call and a backend serves, and a last one for everything else.
 * Web pages of other `origins` may call them too.
 */
export const routeConfiguration = (
  contract: readonly Service[],
  backends: readonly Backend[],
  origins: readonly string[],
) => ({
  '@type': 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
  name: 'edge',
  virtual_hosts: [
    {
      name: 'edge',
      domains: ['*'],
      typed_per_filter_config: { 'envoy.filters.http.cors': corsPolicy(origins) },
      // Tells reflection that its caller is outside and may want to know of every service.
      request_headers_to_add: [{ header: { key: 'x-quartet-edge', value: 'true' } }],
      retry_policy: untouchedRetries, // of every route without one of its own
      routes: [
        twoHosts,
        ...contract.flatMap((service) => serviceRoutes(service, backends)),
        ...openServices.map(openRoute),
        // A JSON path matches this route until the transcoder has made it the path of a method; the cors
        // filter, which comes before that, works only where a route names a cluster. What ends here needs a
        // token.
        { name: 'other', match: { prefix: '/' }, route: { cluster: front } },
      ],
    },
  ],
})

/** Envoy makes one of several Host headers, which RFC 9112 §3.2 has refused; a name has no comma. */
const twoHosts = {
  name: 'more than one host',
  match: { prefix: '/', headers: [{ name: ':authority', string_match: { contains: ',' } }] },
  direct_response: { status: 400, body: { inline_string: 'there is more than one host' } },
  typed_per_filter_config: tokenOptional,
}

const serviceRoutes = ({ name, methods }: Service, backends: readonly Backend[]) => {
  const backend = backends.find(({ serves }) => serves.includes(name))
  return backend ? methods.flatMap((method) => methodRoutes(method, backend.name)) : []
}

const openRoute = (service: string) => ({
  name: service,
  match: { prefix: `/${service}/` },
  route: { cluster: front, ...limit(3600), ...idle },
  typed_per_filter_config: tokenOptional,
})
