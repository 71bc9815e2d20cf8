import type { MethodDefinition } from '@grpc/proto-loader'
import type { Service } from '@quartet/proto/contract'
import type { Context } from './context.ts'
import type { Pushed } from './pushed.ts'

/** The named members of a generated interface, without the index signature that grpc-js adds. */
type Named<T> = { [K in keyof T as string extends K ? never : number extends K ? never : K]: T[K] }

/** The messages of one method: In is what is sent (fields optional), Out what is received (defaults filled in). */
type Messages<D> =
  D extends MethodDefinition<infer RequestIn, infer ResponseIn, infer RequestOut, infer ResponseOut>
    ? { requestIn: RequestIn; responseIn: ResponseIn; requestOut: RequestOut; responseOut: ResponseOut }
    : never

/** grpc-js's handler types tell the four kinds apart: a call with a `request` has one, a callback answers with one. */
type OneRequest<H> = H extends (call: infer Call, ...rest: never) => void
  ? Call extends { request: unknown }
    ? true
    : false
  : never
type OneResponse<H> = H extends (call: never, callback: never) => void
  ? Parameters<H>['length'] extends 2
    ? true
    : false
  : never

type Request<One, T> = One extends true ? T : AsyncIterable<T>
type Response<One, T> = One extends true ? Promise<T> : AsyncIterable<T>
type Handled<One, T> = One extends true ? Promise<T> : AsyncIterable<T> | Pushed<T>

/**
 * The handlers of a service: one async function or async generator for each method, whatever its kind.
 * A stream of requests is an async iterable, a stream of responses is what the generator yields; a yield waits while
 * the peer reads slower than the handler writes. A stream of what goes to many streams at once is a {@link Pushed}.
 */
export type Handlers<S> =
  S extends Service<infer Definition, infer GrpcHandlers>
    ? {
        [K in keyof Named<Definition> & keyof Named<GrpcHandlers> & string as Uncapitalize<K>]: (
          request: Request<OneRequest<GrpcHandlers[K]>, Messages<Definition[K]>['requestOut']>,
          context: Context,
        ) => Handled<OneResponse<GrpcHandlers[K]>, Messages<Definition[K]>['responseIn']>
      }
    : never

/** The mirror of {@link Handlers}: what a client of the service offers. */
export type Client<S, Options> =
  S extends Service<infer Definition, infer GrpcHandlers>
    ? {
        [K in keyof Named<Definition> & keyof Named<GrpcHandlers> & string as Uncapitalize<K>]: (
          request: Request<OneRequest<GrpcHandlers[K]>, Messages<Definition[K]>['requestIn']>,
          options?: Options,
        ) => Response<OneResponse<GrpcHandlers[K]>, Messages<Definition[K]>['responseOut']>
      }
    : never

/** Any handler, where the kind is known from the descriptor alone. */
export type AnyHandler = (
  request: never,
  context: Context,
) => Promise<object> | AsyncIterable<object> | Pushed<object>
