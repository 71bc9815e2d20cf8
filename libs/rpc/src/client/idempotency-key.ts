import { randomUUID } from 'node:crypto'
import type { Method } from '@quartet/proto/contract'

/** Fills in the idempotency key that the policy names: with it every attempt of a retried create is the same create. */
export const withIdempotencyKey = (method: Method, request: object): object => {
  const field = method.descriptor.input.fields.find(({ name }) => name === method.policy?.idempotencyKey)
  if (!field || (request as Record<string, unknown>)[field.localName]) return request
  return { ...request, [field.localName]: randomUUID() }
}
