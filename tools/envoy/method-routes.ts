import { durationMs, MethodOptions_IdempotencyLevel as IdempotencyLevel } from '@bufbuild/protobuf/wkt'
import { People, type Method } from '@quartet/proto/contract'
import { jsonPaths } from './json-paths.ts'
import { hedgedRetries, idempotentRetries } from './retries.ts'

/** The routes of one method, none if it is not for people: what its policy says, in Envoy's terms. */
export const methodRoutes = (method: Method, cluster: string) => {
  const { policy, kind } = method
  if (!policy?.timeout || policy.people === People.NOBODY) return []
  const seconds = durationMs(policy.timeout) / 1000
  const sendsStream = kind === 'client_streaming' || kind === 'bidi_streaming'
  return [
    ...contradictionRoutes(method),
    {
      name: method.path.slice(1),
      match: { path: method.path },
      route: {
        cluster,
        ...limit(seconds + 1), // so that the service is the one to say that time is up
        ...(kind !== 'unary' && idle),
        ...(method.idempotent && !sendsStream && retries(method, seconds)),
      },
      typed_per_filter_config: {
        ...(policy.people === People.EVERYBODY && tokenOptional),
        ...(sendsStream && bodyUnlimited),
      },
    },
    ...(sendsStream ? uploadRoutes(method, cluster) : []),
  ]
}

/**
 * The time of a whole call. Two fields make one rule: the first is for callers without a deadline, the second
 * caps those with one. The service is told the outcome as its `grpc-timeout`; a `timeout` beside them would
 * be ignored.
 */
export const limit = (seconds: number) => ({
  max_stream_duration: { max_stream_duration: `${seconds}s`, grpc_timeout_header_max: `${seconds}s` },
})

/** A stream is cut after this time without a byte either way. The services send a heartbeat every 20 s. */
export const idle = { idle_timeout: '90s' }

/** A call without a token is let in, one with a bad token is not. Without this, a token is required. */
export const tokenOptional = {
  'envoy.filters.http.jwt_authn': {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig',
    requirement_name: 'optional',
  },
}

/**
 * A query that names a field of the path would take its place in the request: refused, so that whoever reads the path of a
 * request knows whose it is. The transcoder has no option for that, but leaves the path as it came in a header, which Envoy
 * takes from no caller. Names have no letter that must be escaped; one that is escaped all the same is refused with them.
 */
const contradictionRoutes = (method: Method) =>
  jsonPaths(method).flatMap(({ template }) => {
    const fields = [...template.matchAll(/\{(\w+)/g)].map(([, field]) => field!)
    if (fields.length === 0) return []
    const names = fields.flatMap((field) => [field, jsonName(method, field)])
    return {
      name: `${method.path.slice(1)} whose query names a field of its path`,
      match: {
        path: method.path,
        headers: [
          {
            name: 'x-envoy-original-path',
            string_match: { safe_regex: { regex: `[^?]*[?](.*&)?(${names.join('|')}|[^=&]*%[^=&]*)=.*` } },
          },
        ],
      },
      direct_response: {
        status: 400,
        body: { inline_string: `${fields.join(', ')}: the path names it, so the query may not` },
      },
    }
  })

const jsonName = ({ descriptor }: Method, field: string) =>
  descriptor.input.fields.find(({ name }) => name === field)!.jsonName

const bodyUnlimited = {
  'envoy.filters.http.body_size_limit': {
    '@type': 'type.googleapis.com/envoy.config.route.v3.FilterConfig',
    disabled: true,
  },
}

const retries = ({ kind, descriptor }: Method, seconds: number) =>
  kind === 'unary' && descriptor.idempotency === IdempotencyLevel.NO_SIDE_EFFECTS
    ? hedgedRetries(seconds)
    : { retry_policy: idempotentRetries }

/**
 * Whether a filter is switched off Envoy decides once, by the path as it came in: so the JSON path of a
 * client stream has a route for that. Everything else is taken from the method's own route, once the
 * transcoder is done.
 */
const uploadRoutes = (method: Method, cluster: string) =>
  jsonPaths(method).map(({ verb, template }) => ({
    name: `${method.path.slice(1)} as JSON`,
    match: {
      headers: [{ name: ':method', string_match: { exact: verb } }],
      path_match_policy: {
        name: 'envoy.path.match.uri_template.uri_template_matcher',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig',
          path_template: template,
        },
      },
    },
    route: { cluster },
    typed_per_filter_config: bodyUnlimited,
  }))
