import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js'
import { createClient, type CallOptions } from '@connectrpc/connect'
import { createGrpcWebTransport } from '@connectrpc/connect-web'
import { codecOf } from '@quartet/proto/codec'
import type { Method, Service } from '@quartet/proto/contract'

/** What a caller sends beside the request. */
export interface With {
  readonly token?: string
  readonly headers?: Record<string, string>
  /** The caller's deadline in milliseconds. */
  readonly timeoutMs?: number
}

/** Calls the edge at `target` as its three kinds of caller do, none of which retries by itself. */
export const callers = (target: string) => {
  const client = new Client(target, credentials.createInsecure(), { 'grpc.enable_retries': 0 })
  const transport = createGrpcWebTransport({ baseUrl: `http://${target}` })
  const webCall = ({ descriptor, localName }: Method, request: object, { timeoutMs, ...options }: With) => {
    const methods = createClient(descriptor.parent, transport) as Record<string, unknown>
    const call = methods[localName] as (request: object, options: CallOptions) => unknown
    return call(request, { headers: headersOf(options), ...(timeoutMs !== undefined && { timeoutMs }) })
  }
  return {
    /** A unary gRPC call. Resolves to its status, whatever that is. */
    grpc: (method: Method, request: object = {}, options: With = {}) =>
      new Promise<{ code: number; details: string; answer: object | undefined }>((resolve) => {
        const metadata = new Metadata()
        for (const [key, value] of Object.entries(headersOf(options))) metadata.set(key, value)
        const deadline = options.timeoutMs === undefined ? {} : { deadline: Date.now() + options.timeoutMs }
        const done = (error: ServiceError | null, answer?: object) =>
          resolve({ code: error?.code ?? 0, details: error?.details ?? '', answer })
        const { requestSerialize, responseDeserialize } = codecOf(method)
        client.makeUnaryRequest(
          method.path,
          requestSerialize,
          responseDeserialize,
          request,
          metadata,
          deadline,
          done,
        )
      }),
    /** A unary gRPC-Web call. Rejects with a ConnectError. */
    web: (method: Method, request: object = {}, options: With = {}) =>
      webCall(method, request, options) as Promise<object>,
    /** A gRPC-Web call that is answered with a stream. */
    webStream: (method: Method, request: object = {}, options: With = {}) =>
      webCall(method, request, options) as AsyncIterable<object>,
    /** A request over HTTP/1.1, with a body of JSON unless it is bytes. A stream is answered with lines. */
    async http(
      path: string,
      { method = 'GET', body, ...options }: With & { method?: string; body?: object } = {},
    ) {
      const response = await fetch(`http://${target}${path}`, {
        method,
        headers: { 'content-type': 'application/json', ...headersOf(options) },
        ...(body && { body: Buffer.isBuffer(body) ? body : JSON.stringify(body) }),
      })
      const text = await response.text()
      const isJson = response.headers.get('content-type') === 'application/json'
      const lines: unknown[] = isJson
        ? text
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line))
        : []
      return { status: response.status, headers: response.headers, json: lines[0], lines }
    },
    close: () => client.close(),
  }
}

/** The method of a service, by its name. Throws when there is none. */
export const methodOf = (service: Service, name: string): Method => {
  const found = service.methods.find((method) => method.name === name)
  if (!found) throw new Error(`${service.name} has no ${name}.`)
  return found
}

const headersOf = ({ token, headers }: With) => ({
  ...(token !== undefined && { authorization: `Bearer ${token}` }),
  ...headers,
})
