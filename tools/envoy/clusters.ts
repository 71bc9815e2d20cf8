import { isIP } from 'node:net'
import { upstreamTls } from './upstream-tls.ts'

/** Where a service is: a host name that DNS answers with the address of each replica, or an IP address. */
export interface Endpoint {
  readonly name: string
  readonly host: string
  readonly port: number
}

/** An envoy.config.cluster.v3.Cluster for each service, under its name; with `tls`, as upstream-tls.ts has it. */
export const clusters = (services: readonly Endpoint[], { tls = false } = {}) =>
  services.map((service) => cluster(service, tls))

const cluster = ({ name, host, port }: Endpoint, tls: boolean) => ({
  '@type': 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
  name,
  ...(isIP(host) ? { type: 'STATIC' } : { cluster_type: dns }),
  connect_timeout: '1s',
  ...(tls && { transport_socket: upstreamTls(name) }),
  load_assignment: {
    cluster_name: name,
    endpoints: [
      { lb_endpoints: [{ endpoint: { address: { socket_address: { address: host, port_value: port } } } }] },
    ],
  },
  typed_extension_protocol_options: { 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': http2 },
  load_balancing_policy: { policies: [{ typed_extension_config: leastRequest }] },
  common_lb_config: { healthy_panic_threshold: { value: 0 } }, // nothing is sent to a replica known to be unwell
  health_checks: [readiness],
  ignore_health_on_host_removal: true, // a replica that has left DNS is gone, however well it answers
  outlier_detection: unreachable,
  circuit_breakers: { thresholds: [{ max_requests: 4096, retry_budget: { budget_percent: { value: 20 } } }] },
})

/** Strict: each address that DNS answers is a replica. */
const dns = {
  name: 'envoy.cluster.dns',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.clusters.dns.v3.DnsCluster',
    dns_lookup_family: 'V4_PREFERRED', // AUTO, the default, asks for IPv6 first and can wait long where there is none
    dns_refresh_rate: '2s',
    dns_failure_refresh_rate: { base_interval: '1s', max_interval: '5s' },
  },
}

const http2 = {
  '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
  explicit_http_config: {
    http2_protocol_options: {
      initial_stream_window_size: 1_048_576,
      initial_connection_window_size: 4_194_304,
      connection_keepalive: { interval: '30s', timeout: '5s' },
    },
  },
}

const leastRequest = {
  name: 'envoy.load_balancing_policies.least_request',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest',
  },
}

const readiness = {
  grpc_health_check: { service_name: 'readiness' },
  timeout: '1s',
  interval: '2s',
  no_traffic_interval: '2s', // the default is a minute
  unhealthy_threshold: 2,
  healthy_threshold: 1,
}

/**
 * A replica that cannot be reached is left out at once, before its next health check. Its answers do not
 * count: by calling what does not exist or with deadlines that cannot be met, a caller could have healthy
 * ones left out.
 */
const unreachable = {
  split_external_local_origin_errors: true,
  consecutive_local_origin_failure: 3,
  interval: '1s',
  base_ejection_time: '5s',
  max_ejection_percent: 50, // 10 by default, which is nobody among fewer than ten
  enforcing_consecutive_5xx: 0,
  enforcing_success_rate: 0,
  enforcing_local_origin_success_rate: 0,
}
