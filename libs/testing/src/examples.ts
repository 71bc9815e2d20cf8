import type { status } from '@grpc/grpc-js'
import type { Service } from '@quartet/proto/contract'
import type { CallOptions, Client, Role } from '@quartet/rpc'

/**
 * One call of an RPC as it should be made. Tests make it as every kind of caller, in every protocol (e2e/access.test.ts).
 *
 * A text in it may hold what only exists once the suite runs, in braces:
 *
 * - `{unique}`: other letters each time
 * - `{owner.id}`, `{owner.email}`, `{owner.password}`: a viewer who has just signed up, and makes the call where it is to
 *   succeed
 * - `{order.secret}`: what a service signs in with
 * - `{createOrder.order.id}`: a field of the answer to another example of the same service, made as the owner just before
 *   (as an editor or administrator where its policy asks for one)
 */
export interface Example<Request = unknown> {
  /** Valid and complete. Of an RPC that streams its requests: all of them in their order, `commit` included. */
  readonly request: Request
  /** Where the request names something of its owner. Left out: whoever the policy lets in may make it. */
  readonly owned?: Owned
}

/** Who may make a request that names something of its owner, besides the services that the policy names. */
export interface Owned {
  /** The least role with which others may make it too. Left out: the owner alone. */
  readonly orRole?: Role
  /** What the others get. NOT_FOUND unless given: as if it were not there. */
  readonly otherwise?: status
}

/** An example of each RPC of a service, typed from the contract: one without does not pass the type check. */
export type Examples<S> = {
  readonly [Name in keyof Client<S, CallOptions>]: Example<Argument<Client<S, CallOptions>[Name]>>
}

type Argument<Call> = Call extends (request: infer Request, ...rest: never) => unknown
  ? Request extends AsyncIterable<infer Message>
    ? readonly Message[]
    : Request
  : never

/** The examples of one service, for whoever reads those of all of them. */
export interface ServiceExamples {
  readonly service: Service
  /** By the method's name in TypeScript: `getUser`. */
  readonly examples: Readonly<Record<string, Example>>
}

/** The form in which a service's `src/examples.ts` exports its examples: `export const examples = [examplesOf(…)]`. */
export const examplesOf = <S extends Service>(service: S, examples: Examples<S>): ServiceExamples => ({
  service,
  examples: examples as ServiceExamples['examples'],
})
