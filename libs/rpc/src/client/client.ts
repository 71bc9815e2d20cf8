import { randomUUID } from 'node:crypto'
import * as grpc from '@grpc/grpc-js'
import type { Method, Service } from '@quartet/proto/contract'
import type { Client } from '../handlers.ts'
import { bidiStream, clientStream, serverStream, unary, type Invocation } from './calls.ts'
import { callSettings, type CallOptions } from './call-options.ts'
import { serviceConfig } from './service-config.ts'

export interface ClientOptions {
  /** Any grpc-js target: "127.0.0.1:50051", "dns:///user:50051". */
  readonly target: string
  /** Plaintext unless given. */
  readonly credentials?: grpc.ChannelCredentials
  /** Sent with every call that brings no authorization of its own, as "Bearer <token>". */
  readonly token?: () => string | undefined
}

/**
 * A client of one service: the mirror of its handlers. Promises out for one answer, async iterables in and out for
 * streams. Timeouts, retries and load balancing follow from the contract. Failures are RpcErrors.
 */
export const createClient = <S extends Service>(
  service: S,
  { target, credentials, token }: ClientOptions,
): Client<S, CallOptions> & { close(): void } => {
  const channel = new grpc.Client(target, credentials ?? grpc.credentials.createInsecure(), {
    'grpc.service_config': JSON.stringify(serviceConfig(service)),
    'grpc.service_config_disable_resolution': 1,
    'grpc.enable_http_proxy': 0,
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 5_000,
    'grpc-node.flow_control_window': 8 * 1024 * 1024,
  })
  const invocation = (method: Method, options: CallOptions): Invocation => ({
    channel,
    method,
    ...callSettings(method, options, token),
  })
  const call = (method: Method) => {
    switch (method.kind) {
      case 'unary':
        return (request: object, options: CallOptions = {}) =>
          unary(invocation(method, options), withKey(method, request))
      case 'server_streaming':
        return (request: object, options: CallOptions = {}) =>
          serverStream(invocation(method, options), request)
      case 'client_streaming':
        return (requests: AsyncIterable<object>, options: CallOptions = {}) =>
          clientStream(invocation(method, options), requests)
      case 'bidi_streaming':
        return (requests: AsyncIterable<object>, options: CallOptions = {}) =>
          bidiStream(invocation(method, options), requests)
    }
  }
  return Object.assign(
    Object.fromEntries(service.methods.map((method) => [method.localName, call(method)])),
    {
      close: () => channel.close(),
    },
  ) as unknown as Client<S, CallOptions> & { close(): void }
}

/** Fills in the idempotency key that the policy names: with it every attempt of a retried create is the same create. */
const withKey = (method: Method, request: object): object => {
  const field = method.descriptor.input.fields.find(({ name }) => name === method.policy?.idempotencyKey)
  if (!field || (request as Record<string, unknown>)[field.localName]) return request
  return { ...request, [field.localName]: randomUUID() }
}
