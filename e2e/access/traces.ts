import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

/** A collector of traces that keeps what it is sent, as the text that it is. */
export const collectTraces = async () => {
  const received: string[] = []
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      received.push(body.toString())
      response.end('{}')
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    received,
    environment: {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    },
    close: () => server.close(),
  }
}
