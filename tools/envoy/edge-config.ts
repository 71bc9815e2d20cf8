import { parseDocument, visit } from 'yaml'

/** Where an Envoy listens, and the services that it speaks JSON for. */
export interface EdgeConfig {
  /** An IP address, '0.0.0.0' for all of them. The metrics listen there too. */
  readonly host: string
  readonly port: number
  /** On 127.0.0.1, whatever the host: whoever reaches the admin interface can stop Envoy. */
  readonly adminPort: number
  readonly metricsPort: number
  /** Full names of gRPC services. */
  readonly services: readonly string[]
}

/**
 * The text of envoy.yaml, unchanged but for the values that have an anchor in capitals.
 * Throws when such an anchor is missing.
 */
export const edgeConfig = (yaml: string, config: EdgeConfig): string => {
  const values: Record<string, unknown> = {
    HOST: config.host,
    OWN_HOST: { '0.0.0.0': '127.0.0.1', '::': '::1' }[config.host] ?? config.host,
    PORT: config.port,
    ADMIN_PORT: config.adminPort,
    METRICS_PORT: config.metricsPort,
    SERVICES: config.services,
  }
  const places: { anchor: string; from: number; to: number }[] = []
  visit(parseDocument(yaml), {
    Value(_, { anchor, range }) {
      if (anchor && anchor in values && range) places.push({ anchor, from: range[0], to: range[1] })
    },
  })
  for (const anchor of Object.keys(values)) {
    if (!places.some((place) => place.anchor === anchor))
      throw new Error(`envoy.yaml has no anchor ${anchor}.`)
  }
  // From the end, so that the places before stay where they are. JSON is YAML.
  return places.reduceRight(
    (text, { anchor, from, to }) => text.slice(0, from) + JSON.stringify(values[anchor]) + text.slice(to),
    yaml,
  )
}
