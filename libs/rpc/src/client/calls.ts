import type * as grpc from '@grpc/grpc-js'
import { once } from 'node:events'
import type { Method } from '@quartet/proto/contract'
import { fromServiceError } from './error.ts'

/** One call about to be made. */
export interface Invocation {
  readonly channel: grpc.Client
  readonly method: Method
  readonly metadata: grpc.Metadata
  readonly grpcOptions: grpc.CallOptions
  readonly signals: readonly AbortSignal[]
  readonly onTrailers?: (trailers: grpc.Metadata) => void
}

export const unary = ({ channel, method, metadata, grpcOptions, ...rest }: Invocation, request: object) =>
  new Promise<object>((resolve, reject) => {
    const { requestSerialize, responseDeserialize } = method.codec
    const answer = settle(resolve, reject)
    attend(
      channel.makeUnaryRequest(
        method.path,
        requestSerialize,
        responseDeserialize,
        request,
        metadata,
        grpcOptions,
        answer,
      ),
      rest,
    )
  })

export const serverStream = (
  { channel, method, metadata, grpcOptions, ...rest }: Invocation,
  request: object,
) => {
  const { requestSerialize, responseDeserialize } = method.codec
  const call = channel.makeServerStreamRequest(
    method.path,
    requestSerialize,
    responseDeserialize,
    request,
    metadata,
    grpcOptions,
  )
  attend(call, rest)
  return responses(call)
}

export const clientStream = async (
  { channel, method, metadata, grpcOptions, ...rest }: Invocation,
  requests: AsyncIterable<object>,
) => {
  const { requestSerialize, responseDeserialize } = method.codec
  const { promise, resolve, reject } = Promise.withResolvers<object>()
  const call = channel.makeClientStreamRequest(
    method.path,
    requestSerialize,
    responseDeserialize,
    metadata,
    grpcOptions,
    settle(resolve, reject),
  )
  attend(call, rest)
  promise.catch(() => {}) // where sending fails, that is the error to report
  await send(call, requests, promise)
  return promise
}

export const bidiStream = (
  { channel, method, metadata, grpcOptions, ...rest }: Invocation,
  requests: AsyncIterable<object>,
) => {
  const { requestSerialize, responseDeserialize } = method.codec
  const call = channel.makeBidiStreamRequest(
    method.path,
    requestSerialize,
    responseDeserialize,
    metadata,
    grpcOptions,
  )
  attend(call, rest)
  const over = new Promise<void>((resolve) => call.once('status', () => resolve()))
  // What goes wrong while sending ends the call, and so reaches whoever reads the responses.
  const sending = send(call, requests, over)
  sending.catch(() => {})
  return responses(call, sending)
}

const settle =
  (resolve: (message: object) => void, reject: (error: unknown) => void): grpc.requestCallback<object> =>
  (error, message) =>
    error ? reject(fromServiceError(error)) : resolve(message!)

type Attended = Pick<Invocation, 'signals' | 'onTrailers'>

/** Cancels the call when one of the signals aborts, until it is over; passes the trailers on. */
const attend = (call: grpc.ClientUnaryCall, { signals, onTrailers }: Attended) => {
  const cancel = () => call.cancel()
  for (const signal of signals) {
    if (signal.aborted) cancel()
    else signal.addEventListener('abort', cancel, { once: true })
  }
  call.once('status', ({ metadata }) => {
    for (const signal of signals) signal.removeEventListener('abort', cancel)
    onTrailers?.(metadata)
  })
}

/** Writes no faster than the peer reads, and stops when the call is over, whoever ended it. */
const send = async (
  call: grpc.ClientWritableStream<object>,
  requests: AsyncIterable<object>,
  over: Promise<unknown>,
): Promise<void> => {
  let running = true
  const ended = over.then(
    () => (running = false),
    () => (running = false),
  )
  try {
    for await (const request of requests) {
      if (!running) return
      if (!call.write(request)) await Promise.race([once(call, 'drain'), ended])
    }
    call.end()
  } catch (error) {
    call.cancel()
    throw error
  }
}

async function* responses(call: grpc.ClientReadableStream<object>, sending?: Promise<void>) {
  call.on('error', () => {}) // the iteration reports it; without a listener an unread call would end the process
  try {
    yield* call as AsyncIterable<object>
  } catch (error) {
    await sending
    throw fromServiceError(error as grpc.ServiceError)
  } finally {
    call.cancel()
  }
}
