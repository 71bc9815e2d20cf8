import type { Method, Service } from '@quartet/proto/contract'

/**
 * gRPC's service config (gRFC A2, A6) for a service of the contract: calls spread over all addresses of a headless
 * Service, and those that may safely run twice are retried while a replica is away.
 */
export const serviceConfig = (service: Service) => ({
  loadBalancingConfig: [{ round_robin: {} }],
  methodConfig: service.methods
    .filter((method) => method.kind === 'unary' && mayRunTwice(method))
    .map(({ name }) => ({ name: [{ service: service.name, method: name }], retryPolicy })),
})

/** Whether the contract says that a call made twice has the effect of one. */
export const mayRunTwice = ({ idempotent, policy }: Method): boolean =>
  idempotent || Boolean(policy?.idempotencyKey)

const retryPolicy = {
  maxAttempts: 4,
  // Nine decimals, because grpc-js 1.14 takes the digits behind the point for nanoseconds: "0.05s" would be 5 ns.
  initialBackoff: '0.050000000s',
  maxBackoff: '1.000000000s',
  backoffMultiplier: 3,
  retryableStatusCodes: ['UNAVAILABLE'],
}
