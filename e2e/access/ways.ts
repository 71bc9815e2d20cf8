import { fromBinary } from '@bufbuild/protobuf'
import { anyUnpack } from '@bufbuild/protobuf/wkt'
import { Client, credentials, Metadata, status, type StatusObject } from '@grpc/grpc-js'
import { codecOf } from '@quartet/proto/codec'
import type { Method } from '@quartet/proto/contract'
import { BadRequestSchema, ErrorInfoSchema, StatusSchema } from '@quartet/proto/rpc-status'
import { jsonRequest } from '@quartet/tools/json-request'

/** How a call ended, or that it did not. */
export interface Answer {
  /** A gRPC status. A stream that has brought a message, or is still open after a while, is OK. */
  readonly code: status
  /** ErrorInfo.reason, where the answer has one. */
  readonly reason?: string | undefined
  /** The fields of its BadRequest; of gRPC alone. */
  readonly fields?: readonly string[]
  /** What there was to read of it, for whoever looks for secrets. */
  readonly text: string
  /** The first message. */
  readonly message?: object
}

/** Metadata, or headers. */
export type Sent = Readonly<Record<string, string>>

/** One way to make a call, by the bytes that go over the wire; undefined where the method has no such way. */
export type Way = (method: Method, requests: readonly object[], headers: Sent) => Promise<Answer> | undefined

/** Milliseconds until a stream that says nothing counts as open: who is refused hears at once. */
const patienceMs = 3_000

const answersWithStream = ({ kind }: Method) => kind === 'server_streaming' || kind === 'bidi_streaming'

/** A request on the wire; one that is bytes is sent as it is. */
const bytesOf = (method: Method, request: object): Buffer =>
  Buffer.isBuffer(request) ? request : codecOf(method).requestSerialize(request)

/** gRPC. All four kinds look the same on the wire, so one call of grpc-js makes them all. */
export const grpc = (target: string): Way & { close(): void } => {
  const client = new Client(target, credentials.createInsecure(), { 'grpc.enable_retries': 0 })
  const way: Way = (method, requests, headers) =>
    new Promise((resolve) => {
      const metadata = new Metadata()
      for (const [name, value] of Object.entries(headers)) metadata.set(name, value)
      const call = client.makeBidiStreamRequest(
        method.path,
        (request: object) => bytesOf(method, request),
        codecOf(method).responseDeserialize,
        metadata,
        {
          deadline: Date.now() + 30_000,
        },
      )
      let message: object | undefined
      const open = () => {
        resolve({ code: status.OK, text: '', message })
        call.cancel()
      }
      const timer = answersWithStream(method) ? setTimeout(open, patienceMs) : undefined
      call.on('data', (data: object) => {
        message ??= data
        if (timer) open()
      })
      call.on('error', () => {})
      call.on('status', ({ code, details, metadata }: StatusObject) => {
        clearTimeout(timer)
        const packed = metadata.get('grpc-status-details-bin')[0] as Buffer | undefined
        resolve({
          code,
          reason: packed && reasonOf(packed),
          fields: packed ? fieldsOf(packed) : [],
          text: details,
          message,
        })
      })
      for (const request of requests) call.write(request)
      call.end()
    })
  return Object.assign(way, { close: () => client.close() })
}

/** gRPC-Web, which has no streams of requests: messages in frames, and the status in the last one or in the headers. */
export const grpcWeb =
  (target: string): Way =>
  (method, requests, headers) => {
    if (method.kind === 'client_streaming' || method.kind === 'bidi_streaming') return undefined
    const message = bytesOf(method, requests[0]!)
    const length = Buffer.alloc(5)
    length.writeUInt32BE(message.length, 1)
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/grpc-web+proto', 'x-grpc-web': '1', ...headers },
      body: Buffer.concat([length, message]),
    }
    return request(method, `http://${target}${method.path}`, init, (response, body) => {
      const trailers = new Headers(response.headers)
      let first: object | undefined
      for (let at = 0; at + 5 <= body.length;) {
        const end = at + 5 + body.readUInt32BE(at + 1)
        const frame = body.subarray(at + 5, end)
        if (body[at]! & 0x80)
          for (const line of frame.toString().trim().split(/\r?\n/))
            trailers.append(line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim())
        else if (end <= body.length) first ??= codecOf(method).responseDeserialize(frame)
        at = end
      }
      const code = trailers.get('grpc-status')
      if (code === null && !first) return undefined
      const packed = trailers.get('grpc-status-details-bin')
      return {
        code: Number(code ?? status.OK),
        reason: packed ? reasonOf(Buffer.from(packed, 'base64')) : undefined,
        text: trailers.get('grpc-message') ?? '',
        message: first,
      }
    })
  }

/** JSON, as google.api.http has it. */
export const json =
  (target: string): Way =>
  (method, requests, headers) => {
    const made = jsonRequest(method, requests)
    if (!made) return undefined
    const { path, contentType, ...init } = made
    const isStream = method.kind === 'server_streaming'
    const withHeaders = { ...init, headers: { 'content-type': contentType, ...headers } }
    return request(method, `http://${target}${path}`, withHeaders, (response, body) => {
      const text = body.toString()
      // Of a stream the first line is its first message.
      const end = text.indexOf('\n')
      if (response.ok && isStream && end < 0) return undefined
      if (response.ok)
        return { code: status.OK, text: '', message: parsed(isStream ? text.slice(0, end) : text) }
      const error = JSON.parse(text) as { code: number; message: string; details?: { reason?: string }[] }
      return { code: error.code, reason: error.details?.find(({ reason }) => reason)?.reason, text }
    })
  }

/**
 * Reads an answer until `read` can tell what it is: of a stream the first message is enough, of anything else it is
 * asked once all of it is there.
 */
const request = async (
  method: Method,
  url: string,
  init: RequestInit,
  read: (response: Response, body: Buffer) => Answer | undefined,
): Promise<Answer> => {
  const abort = new AbortController()
  const timer = answersWithStream(method) ? setTimeout(() => abort.abort(), patienceMs) : undefined
  try {
    const response = await fetch(url, { ...init, signal: abort.signal })
    let body = Buffer.alloc(0)
    for await (const chunk of response.body ?? []) {
      body = Buffer.concat([body, chunk])
      const answer = timer && response.ok ? read(response, body) : undefined
      if (answer) return answer
    }
    return read(response, body) ?? { code: status.OK, text: '' }
  } catch (error) {
    if (abort.signal.aborted) return { code: status.OK, text: '' }
    throw error
  } finally {
    clearTimeout(timer)
    abort.abort()
  }
}

const reasonOf = (packed: Buffer): string | undefined =>
  fromBinary(StatusSchema, packed)
    .details.map((any) => anyUnpack(any, ErrorInfoSchema)?.reason)
    .find((reason) => reason !== undefined)

const fieldsOf = (packed: Buffer): string[] =>
  fromBinary(StatusSchema, packed).details.flatMap(
    (any) => anyUnpack(any, BadRequestSchema)?.fieldViolations.map(({ field }) => field) ?? [],
  )

/** What came as JSON; bytes of google.api.HttpBody come as they are. */
const parsed = (text: string): object | undefined => {
  try {
    return JSON.parse(text) as object
  } catch {
    return undefined
  }
}
