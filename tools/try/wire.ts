import { Metadata, status } from '@grpc/grpc-js'
import { codecOf } from '@quartet/proto/codec'
import type { Method, Service } from '@quartet/proto/contract'
import { createClient, RpcError, type CallOptions } from '@quartet/rpc'
import type { Output } from '../start/output.ts'

/** A call of any kind: one request or a stream of them, one answer or a stream of them. */
type AnyCall = (
  request: object | AsyncIterable<object>,
  options: CallOptions,
) => Promise<object> | AsyncIterable<object>

const kinds = {
  unary: 'one request, one answer',
  server_streaming: 'one request, a stream of answers',
  client_streaming: 'a stream of requests, one answer',
  bidi_streaming: 'streams both ways',
}

/** Makes calls to `target` and shows each: its messages as they pass, their size on the wire, and how it ended. */
export const wire = ({ line, paint }: Output, target: string, width: number) => {
  let token: string | undefined
  let calls = 0

  const message = (arrow: '→' | '←', name: string, bytes: number, value: object) => {
    const head = `   ${arrow} ${name.padEnd(24)}${`${bytes} B`.padStart(8)}  `
    line(head + paint('dim', brief(JSON.stringify(value, redacted), width - head.length)))
  }

  /** Says what comes next. */
  const heading = (title: string, about: string) => {
    line()
    line(`${paint('bold', `${++calls}  ${title}`)}  ${paint('dim', about)}`)
  }

  return {
    heading,
    message,
    /** Sent with every call from now on. */
    useToken: (given: string) => (token = given),

    /**
     * Makes one gRPC call; `until` ends a stream of answers that would go on for ever. Returns all answers.
     * @throws RpcError as the call does, once it is shown.
     */
    async call<Answer extends object>(
      service: Service,
      name: string,
      request: object | AsyncIterable<object>,
      until: (answer: Answer) => boolean = () => false,
    ): Promise<Answer[]> {
      const method = service.methods.find((one) => one.name === name)!
      heading(`${method.descriptor.parent.name}.${name}`, kinds[method.kind])
      line(paint('dim', `   ${method.path}`))
      const client = createClient(service, { target, token: () => token })
      const answers: Answer[] = []
      const began = performance.now()
      let trailers = new Metadata()
      const show = (answer: object) => {
        message('←', method.descriptor.output.name, size(method, 'response', answer), answer)
        answers.push(answer as Answer)
      }
      try {
        const invoke = (client as unknown as Record<string, AnyCall>)[method.localName]!
        const response = invoke(sent(method, request, message), { onTrailers: (all) => (trailers = all) })
        if (Symbol.asyncIterator in response) {
          for await (const answer of response) {
            show(answer)
            if (until(answer as Answer)) break
          }
        } else show(await response)
        const replica = trailers.get('x-quartet-replica')[0]
        line(
          `   ${paint('green', 'OK')} after ${elapsed(began)}${replica ? `, from ${String(replica)}` : ''}`,
        )
        return answers
      } catch (error) {
        if (error instanceof RpcError)
          line(`   ${paint('red', status[error.code])} ${error.reason} after ${elapsed(began)}`)
        throw error
      } finally {
        client.close()
      }
    },
  }
}

export type Wire = ReturnType<typeof wire>

/** The request or requests, shown as they leave. */
const sent = (
  method: Method,
  request: object | AsyncIterable<object>,
  message: (arrow: '→', name: string, bytes: number, value: object) => void,
) => {
  const show = (one: object) => message('→', method.descriptor.input.name, size(method, 'request', one), one)
  if (!(Symbol.asyncIterator in request)) {
    show(request)
    return request
  }
  return (async function* () {
    for await (const one of request as AsyncIterable<object>) {
      show(one)
      yield one
    }
  })()
}

/** Bytes of a message, without the five of gRPC's frame around it. */
const size = (method: Method, side: 'request' | 'response', value: object): number =>
  codecOf(method)[`${side}Serialize`](value).length

const elapsed = (began: number) => `${(performance.now() - began).toFixed(1)} ms`

const brief = (text: string, width: number) => (text.length > width ? `${text.slice(0, width - 1)}…` : text)

/** Bytes as their number, nothing secret, and nothing of what is empty. */
const redacted = (key: string, value: unknown): unknown => {
  if (/password|token/i.test(key)) return '…'
  if (value === '' || value === null) return undefined
  if (typeof value === 'object' && key && Object.keys(value).length === 0) return undefined
  // A Buffer has a toJSON, which came before this.
  const { type, data } = Object(value) as { type?: string; data?: unknown[] }
  return type === 'Buffer' ? `(${data!.length} bytes)` : value
}
