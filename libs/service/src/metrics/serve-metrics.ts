import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { prometheusText, type MetricFamily } from './prometheus.ts'

export interface MetricsServerOptions {
  readonly host: string
  /** 0 for a free one. */
  readonly port: number
  /** Asked at every request. */
  readonly sources: readonly (() => readonly MetricFamily[])[]
}

/**
 * Serves metrics to Prometheus at /metrics.
 * @throws Error in one line when the port cannot be had.
 */
export const serveMetrics = async ({ host, port, sources }: MetricsServerOptions) => {
  // Here, for a start without metrics: to import it takes as long as gRPC, since its exports include fetch's own client.
  const { createServer } = await import('node:http')
  const server = createServer(({ method, url }, response) => {
    if ((method !== 'GET' && method !== 'HEAD') || url?.split('?')[0] !== '/metrics')
      return void response.writeHead(404).end('Metrics are at /metrics\n')
    const text = prometheusText(sources.flatMap((families) => families()))
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(text)
  })
  const listening = once(server, 'listening')
  server.listen(port, host)
  await listening.catch(({ message }: Error) => {
    throw new Error(`METRICS_PORT ${port} cannot be used: ${message}`)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: (): void => {
      server.close()
      server.closeAllConnections()
    },
  }
}
