import * as grpc from '@grpc/grpc-js'
import type { Method, Service } from '@quartet/proto/contract'
import type { ClientOptions } from './client.ts'
import { serviceConfig } from './service-config.ts'

const channelOptions = {
  // A service config in DNS would win over the contract's; in Kubernetes each name costs a query for one.
  'grpc.service_config_disable_resolution': 1,
  // Inside a cluster there is no proxy to go through, whatever the environment says.
  'grpc.enable_http_proxy': 0,
  // Finds servers that vanished without a word.
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 5_000,
  // Bytes that a server may have under way, on a stream and on a connection: see window.ts.
  'grpc-node.flow_control_window': 8 * 1024 * 1024,
}

/** The connections of a client: which one a call takes, and their end. */
export const openChannels = <S extends Service>(
  service: S,
  { target, credentials, serverName, channels = 1, gzip = [] }: ClientOptions<S>,
) => {
  const open = (options: grpc.ClientOptions = {}) =>
    new grpc.Client(target, credentials ?? grpc.credentials.createInsecure(), {
      ...channelOptions,
      'grpc.service_config': JSON.stringify(serviceConfig(service)),
      ...(serverName && { 'grpc.ssl_target_name_override': serverName }),
      ...options,
    })
  // Channels with the same options would share their connections through the pool of the process.
  const ownPool = channels > 1 ? { 'grpc.use_local_subchannel_pool': 1 } : {}
  const plain = Array.from({ length: channels }, () => open(ownPool))
  // In grpc-js a channel compresses all that goes through it, or nothing.
  const compressed = new Set<PropertyKey>(gzip)
  const compressing = gzip.length
    ? open({ 'grpc.default_compression_algorithm': grpc.compressionAlgorithms.gzip })
    : undefined
  let turn = 0
  return {
    channelFor: ({ localName }: Method): grpc.Client =>
      compressing && compressed.has(localName) ? compressing : plain[turn++ % plain.length]!,
    close() {
      for (const channel of plain) channel.close()
      compressing?.close()
    },
  }
}
