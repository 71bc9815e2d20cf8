import { connect, type ClientHttp2Stream } from 'node:http2'

// HTTP/2 by hand, for what no well-behaved client sends.

/** A message as gRPC frames it; `compressed` is the flag before its length. */
export const frame = (message: Buffer, compressed = 0): Buffer => {
  const head = Buffer.alloc(5)
  head[0] = compressed
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

/** Field `number` of a message, with a length: a string, bytes or a message. */
export const field = (number: number, content: Buffer | string): Buffer => {
  const bytes = Buffer.from(content)
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes])
}

const varint = (value: number): Buffer => {
  const bytes = []
  for (; value > 0x7f; value >>>= 7) bytes.push((value & 0x7f) | 0x80)
  return Buffer.from([...bytes, value])
}

/** A connection of its own to a server of the user service. */
export const wire = (target: string) => {
  // Megabytes, of which Node's client would else take ten before it refuses answers.
  const session = connect(`http://${target}`, { maxSessionMemory: 1_000 })
  session.on('error', () => {}) // what becomes of it is looked at
  /** Begins a call. What becomes of it is told by its events; no error of it ends the test. */
  const request = (method: string, headers: Record<string, string | string[]> = {}): ClientHttp2Stream => {
    const stream = session.request({
      ':method': 'POST',
      ':path': `/quartet.user.v1.UserService/${method}`,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    })
    stream.on('error', () => {})
    return stream
  }
  /** Sends one body and resolves to the status that is the answer; NaN where the stream ends without one. */
  const statusOf = async (
    method: string,
    body: Buffer,
    headers?: Record<string, string | string[]>,
  ): Promise<number> => {
    const stream = request(method, headers)
    const status = statusSent(stream)
    stream.end(body)
    return status
  }
  return {
    session,
    request,
    statusOf,
    close: () => session.destroy(),
  }
}

/** The grpc-status that a stream ends with, from the trailers or, without a body, the headers; NaN without one. */
export const statusSent = async (stream: ClientHttp2Stream): Promise<number> => {
  let code: unknown
  stream.on('response', (sent) => (code ??= sent['grpc-status']))
  stream.on('trailers', (sent) => (code ??= sent['grpc-status']))
  stream.resume()
  await closed(stream)
  return Number(code)
}

/** Waits until a stream is over, well or badly. */
export const closed = (stream: ClientHttp2Stream): Promise<void> =>
  new Promise((resolve) => stream.once('close', () => resolve()))
