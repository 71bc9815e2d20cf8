import {
  create,
  toBinary,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
} from '@bufbuild/protobuf'
import { anyPack, durationFromMs } from '@bufbuild/protobuf/wkt'
import { Metadata, status } from '@grpc/grpc-js'
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema, StatusSchema } from '@quartet/proto/rpc-status'

/** The `domain` of every ErrorInfo that this suite sends. */
const errorDomain = 'quartet'

/** One detail of a google.rpc.Status beside its ErrorInfo. */
export interface Detail<Desc extends DescMessage = DescMessage> {
  readonly schema: Desc
  readonly message: MessageShape<Desc>
}

/** A detail by its schema from @quartet/proto/rpc-status: `detail(PreconditionFailureSchema, { violations })`. */
export const detail = <Desc extends DescMessage>(
  schema: Desc,
  init: MessageInitShape<Desc>,
): Detail<Desc> => ({
  schema,
  message: create(schema, init),
})

/**
 * An error that its caller is meant to see: a handler or interceptor throws it, and a client gets it back, through
 * gRPC, gRPC-Web and JSON alike. Anything else that is thrown reaches the caller as INTERNAL with a fixed text.
 */
export class RpcError extends Error {
  override readonly name = 'RpcError'
  /** A gRPC status code, never OK. */
  readonly code: status
  /** Why, for programs: UPPER_SNAKE_CASE, constant for each kind of error. Sent as ErrorInfo.reason. */
  readonly reason: string
  /** What it concerns, for programs. Sent as ErrorInfo.metadata: nothing secret. */
  readonly metadata: Readonly<Record<string, string>>
  /** Further details of the google.rpc.Status. */
  readonly details: readonly Detail[]

  /**
   * @param options.message for people; without one it is the reason in words.
   */
  constructor(
    code: status,
    reason: string,
    metadata: Record<string, string> = {},
    options: { message?: string; details?: readonly Detail[]; cause?: unknown } = {},
  ) {
    super(options.message ?? reason.toLowerCase().replaceAll('_', ' '), { cause: options.cause })
    this.code = code
    this.reason = reason
    this.metadata = metadata
    this.details = options.details ?? []
  }
}

/** INVALID_ARGUMENT that names each field in the way, by its path in the contract ("address.city"). */
export const invalidArgument = (violations: { field: string; description: string; reason?: string }[]) =>
  new RpcError(
    status.INVALID_ARGUMENT,
    'INVALID_REQUEST',
    {},
    {
      message: violations
        .map(({ field, description }) => (field ? `${field}: ${description}` : description))
        .join('; '),
      details: [
        detail(BadRequestSchema, {
          // A path can hold a key of a map, as long as its sender liked.
          fieldViolations: violations.map(({ field, description, reason }) => ({
            field: field.slice(0, maxMessageLength).toWellFormed(),
            description: description.slice(0, maxMessageLength).toWellFormed(),
            ...(reason && { reason }),
          })),
        }),
      ],
    },
  )

/** RESOURCE_EXHAUSTED that says when a next try makes sense. */
export const resourceExhausted = (
  reason: string,
  retryAfterMs: number,
  metadata: Record<string, string> = {},
) =>
  new RpcError(status.RESOURCE_EXHAUSTED, reason, metadata, {
    details: [detail(RetryInfoSchema, { retryDelay: durationFromMs(Math.ceil(retryAfterMs)) })],
  })

/** What goes over the wire when a call fails. */
export interface ErrorStatus {
  readonly code: status
  readonly details: string
  readonly metadata: Metadata
}

/**
 * Characters of a text that is sent. It travels in a header, up to nine bytes for each, and a block of headers above 8 to
 * 16 KiB is refused by peers: Envoy then resets the connection, and with it the calls of others.
 */
const maxMessageLength = 256

/**
 * The one mapping from anything thrown to a status. An RpcError says itself what the caller may know; everything
 * else is INTERNAL with a fixed text, because its own text may hold a query, a path or a secret.
 */
export const toStatus = (error: unknown): ErrorStatus => {
  const { code, reason, message, metadata, details } = error instanceof RpcError ? error : internal
  // A lone surrogate would throw inside grpc-js's encodeURI, in an event listener, and end the process.
  const text = message.slice(0, maxMessageLength).toWellFormed()
  const info = detail(ErrorInfoSchema, { reason, domain: errorDomain, metadata: wellFormed(metadata) })
  const richStatus = create(StatusSchema, {
    code,
    message: text,
    details: [info, ...details].map(({ schema, message }) => anyPack(schema, message)),
  })
  const trailers = new Metadata()
  trailers.set('grpc-status-details-bin', Buffer.from(toBinary(StatusSchema, richStatus)))
  return { code, details: text, metadata: trailers }
}

const internal = new RpcError(status.INTERNAL, 'INTERNAL', {}, { message: 'internal error' })

const wellFormed = (metadata: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(metadata).map(([key, value]) => [
      key,
      String(value).slice(0, maxMessageLength).toWellFormed(),
    ]),
  )
