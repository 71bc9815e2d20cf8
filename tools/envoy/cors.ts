/**
 * Origins whose web pages may call the edge from a browser, such as 'https://console.example'. Pages that the
 * edge itself serves need no permission, so there are none by default. Add yours here.
 */
export const allowedOrigins: readonly string[] = []

/**
 * What the cors filter lets other origins do. It belongs on the virtual host: when the filter runs, a JSON
 * path has not yet become the path of a method and matches only the last route.
 */
export const corsPolicy = (origins: readonly string[]) => ({
  '@type': 'type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy',
  allow_origin_string_match: origins.map((exact) => ({ exact })),
  allow_methods: 'GET, POST, PUT, PATCH, DELETE',
  allow_headers: 'authorization, content-type, grpc-timeout, traceparent, x-grpc-web, x-user-agent',
  expose_headers:
    'grpc-status, grpc-message, grpc-status-details-bin, retry-after, traceresponse, x-quartet-replica',
  max_age: '7200',
  forward_not_matching_preflights: false,
})
