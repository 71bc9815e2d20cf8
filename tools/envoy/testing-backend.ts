import {
  Server,
  ServerCredentials,
  type Metadata,
  type ServerDuplexStream,
  type sendUnaryData,
} from '@grpc/grpc-js'
import { codecOf } from '@quartet/proto/codec'
import type { Method, Service } from '@quartet/proto/contract'

/** A call as it reached the backend. */
export interface Received {
  readonly method: string
  readonly metadata: Metadata
  /** Milliseconds that are left, Infinity without a deadline. */
  readonly remaining: number
  /** One, or those of a stream. */
  readonly requests: readonly object[]
}

/** What to answer: a message, a list of them for a stream; rejects with `{ code, details }`. */
export type Answer = (call: Received) => object | Promise<object>

/** A gRPC server over the contract's codecs that answers as a test tells it, and `{}` where it tells nothing. */
export interface Backend {
  readonly port: number
  /** All calls so far but health checks. */
  readonly calls: readonly Received[]
  answer(method: string, answer: Answer): void
  stop(): void
}

/** Serves every method of `services` on a free port of 127.0.0.1; in plaintext unless `credentials` are given. */
export const startBackend = async (
  services: readonly Service[],
  credentials = ServerCredentials.createInsecure(),
): Promise<Backend> => {
  const answers = new Map<string, Answer>([['Check', () => ({ status: 'SERVING' })]])
  const calls: Received[] = []
  const answer = (call: Received) => {
    if (call.method !== 'Check') calls.push(call)
    return answers.get(call.method)?.(call) ?? {}
  }
  const server = new Server()
  for (const { methods } of services) {
    server.addService(
      Object.fromEntries(methods.map((method) => [method.name, codecOf(method)])) as never,
      Object.fromEntries(methods.map((method) => [method.name, handler(method, answer)])),
    )
  }
  const port = await new Promise<number>((bound, failed) =>
    server.bindAsync('127.0.0.1:0', credentials, (error, actual) => (error ? failed(error) : bound(actual))),
  )
  return {
    port,
    calls,
    answer: (method, how) => void answers.set(method, how),
    stop: () => server.forceShutdown(),
  }
}

type Call = ServerDuplexStream<object, object> & { request?: object }

const handler = (method: Method, answer: Answer) => async (call: Call, done?: sendUnaryData<object>) => {
  try {
    const result = await answer({
      method: method.name,
      metadata: call.metadata,
      remaining: Number(call.getDeadline()) - Date.now(),
      requests: call.request ? [call.request] : await collect(call),
    })
    if (done) return done(null, result)
    for (const message of Array.isArray(result) ? result : [result]) call.write(message)
    call.end()
  } catch (error) {
    if (done) done(error as Error)
    else call.emit('error', error)
  }
}

const collect = (call: Call) =>
  new Promise<object[]>((resolve, reject) => {
    const messages: object[] = []
    call.on('data', (message: object) => messages.push(message))
    call.on('end', () => resolve(messages)).on('error', reject)
  })
