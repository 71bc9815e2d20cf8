import { People, type Method } from '@quartet/proto/contract'
import { networkOf } from '../client-address.ts'
import { resourceExhausted } from '../errors.ts'
import type { InterceptedCall, Interceptor } from '../interceptor.ts'

/** How often and how many at once one caller may call one method, on one replica. */
export interface Limit {
  /** Calls per second, averaged over time. */
  readonly perSecond?: number
  /** Calls at once after a pause. */
  readonly burst?: number
  /** Calls open at the same time. */
  readonly maxOpen?: number
}

/** By method path ("/quartet.user.v1.UserService/GetUser"); what is not named keeps the policy's default. */
export type LimitOverrides = Readonly<Record<string, Limit>>

interface Bucket {
  tokens: number
  filledAt: number
  open: number
}

/** Callers remembered per method; past it the one that has been quiet the longest starts with a full bucket again. */
const maxBuckets = 10_000

/**
 * Checks limits that somebody wrote into a configuration.
 * @throws Error in one line: a method that is not served here, a limit that is none.
 */
export const assertLimits = (overrides: LimitOverrides, served: ReadonlySet<string>): void => {
  for (const [path, limit] of Object.entries(overrides)) {
    if (!served.has(path)) throw new Error(`RPC_LIMITS names ${path}, which is no method of this service`)
    for (const [name, value] of Object.entries(limit))
      if (!limitNames.has(name) || !(Number(value) >= 0))
        throw new Error(
          `RPC_LIMITS: ${path}: ${name} is no limit: perSecond, burst and maxOpen take numbers from 0`,
        )
  }
}

const limitNames = new Set(['perSecond', 'burst', 'maxOpen'])

/** Refuses with RESOURCE_EXHAUSTED and RetryInfo who calls a method more often than the contract lets one caller. */
export const limits = (overrides: LimitOverrides = {}): Interceptor => {
  const methods = new Map<string, { limit: Limit; buckets: Map<string, Bucket> }>()

  const of = (method: Method) => {
    let known = methods.get(method.path)
    if (!known) {
      known = { limit: { ...policyLimit(method), ...overrides[method.path] }, buckets: new Map() }
      methods.set(method.path, known)
    }
    return known
  }

  return {
    onCall(call) {
      const { limit, buckets } = of(call.method)
      if (!limit.perSecond && !limit.maxOpen) return
      const bucket = touch(buckets, callerKey(call), limit)
      const metadata = { method: call.method.path }
      if (limit.maxOpen && bucket.open >= limit.maxOpen)
        throw resourceExhausted('TOO_MANY_OPEN', 1000, metadata)
      if (limit.perSecond) {
        if (bucket.tokens < 1)
          throw resourceExhausted('RATE_LIMITED', ((1 - bucket.tokens) / limit.perSecond) * 1000, metadata)
        bucket.tokens--
      }
      if (!limit.maxOpen) return
      bucket.open++
      admitted.set(call, bucket)
    },
    onEnd(call) {
      const bucket = admitted.get(call)
      if (bucket) bucket.open--
    },
  }
}

/** The calls that passed, so that one that was refused does not free what it never took. */
const admitted = new WeakMap<InterceptedCall, Bucket>()

const policyLimit = ({ policy }: Method): Limit => ({
  perSecond: policy?.rateLimit?.perSecond,
  burst: policy?.rateLimit?.burst,
  maxOpen: policy?.maxOpen,
})

/** The caller's bucket, filled up to now and moved to the end of the map, whose first entry is the quietest. */
const touch = (
  buckets: Map<string, Bucket>,
  key: string,
  { perSecond = 0, burst = Math.max(1, perSecond) }: Limit,
): Bucket => {
  const now = performance.now()
  const bucket = buckets.get(key) ?? { tokens: burst, filledAt: now, open: 0 }
  bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.filledAt) / 1000) * perSecond)
  bucket.filledAt = now
  buckets.delete(key)
  buckets.set(key, bucket)
  if (buckets.size > maxBuckets) forgetQuietest(buckets)
  return bucket
}

/** One that counts open calls is kept: forgotten, it would let in as many again. */
const forgetQuietest = (buckets: Map<string, Bucket>): void => {
  for (const [key, { open }] of buckets) if (open === 0) return void buckets.delete(key)
}

/**
 * Who is signed in counts by id, but not on a method that is open to everybody: there a token is no more than another
 * try for whoever guesses passwords. Everybody else counts by address.
 */
const callerKey = (call: InterceptedCall): string => {
  const { caller, method } = call
  return caller.kind !== 'anonymous' && method.policy?.people !== People.EVERYBODY
    ? `${caller.kind}:${caller.id}`
    : networkOf(call.clientAddress)
}
