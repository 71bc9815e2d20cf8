import { readFileSync } from 'node:fs'
import {
  cleanEnv,
  EnvMissingError,
  makeExactValidator,
  makeValidator,
  port,
  str,
  type CleanedEnv,
} from 'envalid'

/** A service's environment variables: what each is for, its default, what it may be. In envalid's terms. */
export type Schema = Readonly<
  Record<string, { desc?: string; default?: unknown; _parse: (input: string) => unknown }>
>

/**
 * Reads the environment by a schema. A value that is secret may stand in a file instead: where NAME is not set, it is what
 * the file holds that NAME_FILE names.
 * @throws Error that names all mistakes at once, in one line; values are not repeated, they may be secrets.
 */
export const loadConfig = <S extends Schema>(schema: S, environment: NodeJS.ProcessEnv): CleanedEnv<S> =>
  cleanEnv(withFiles(schema, environment), schema, {
    reporter: ({ errors }) => {
      const mistakes = Object.entries(errors as Record<string, Error>).map(([name, error]) => {
        const { desc = '' } = schema[name]!
        return error instanceof EnvMissingError
          ? `${name} is missing (${desc})`
          : `${name} is not valid (${desc})`
      })
      if (mistakes.length) throw new Error(`${mistakes.join('; ')}. See docs/configuration.md`)
    },
  })

const withFiles = (schema: Schema, environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv => {
  const fromFiles = Object.keys(schema)
    .filter((name) => !environment[name] && !(`${name}_FILE` in schema) && environment[`${name}_FILE`])
    .map((name) => [name, readValue(`${name}_FILE`, environment[`${name}_FILE`]!)])
  return { ...environment, ...Object.fromEntries(fromFiles) }
}

const readValue = (name: string, path: string): string => {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (cause) {
    throw new Error(`${name}: ${(cause as Error).message}. See docs/configuration.md`, { cause })
  }
}

/** A whole number within bounds. */
export const integer = (least: number, most: number) =>
  makeExactValidator<number>((input) => {
    const value = Number(input)
    if (!/^\d+$/.test(input) || value < least || value > most) throw new Error('out of bounds')
    return value
  })

/** A connection string of PostgreSQL with a host and a database. */
const postgresUrl = makeExactValidator<string>((input) => {
  const { protocol, hostname, pathname } = URL.parse(input) ?? {}
  if (!/^postgres(ql)?:$/.test(protocol ?? '') || !hostname || !pathname?.slice(1)) throw new Error('not one')
  return input
})

/** A JSON object; what is in it is up to its reader. */
const jsonObject = makeExactValidator<Record<string, unknown>>((input) => {
  const value: unknown = JSON.parse(input)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('no object')
  return value as Record<string, unknown>
})

const nonEmpty = makeValidator<string>((input) => {
  if (!input.trim()) throw new Error('empty')
  return input
})

/** Where another service is: QUARTET_USER_TARGET and its like. */
export const targetOf = (service: string) =>
  nonEmpty({
    default: `dns:///${service}:50051`,
    desc: `Target of the ${service} service as grpc-js takes it: dns:///name:port for all addresses of a name`,
  })

/** What every service understands. */
export const commonSchema = {
  HOST: nonEmpty({
    default: '127.0.0.1',
    desc: 'Address to accept calls on; 0.0.0.0 in a container',
  }),
  PORT: port({ default: 50051, desc: 'TCP port of the gRPC server, 1 to 65535' }),
  HEALTH_PORT: port({
    default: undefined,
    desc: 'TCP port of a second listener, in plaintext whatever TLS says, for health checks only; docs/tls.md',
  }),
  TLS_CERT_FILE: str({
    default: '',
    desc: 'Path of the certificate to serve with and to show to other services, in PEM; plaintext without one',
  }),
  TLS_KEY_FILE: str({ default: '', desc: 'Path of its private key, in PEM' }),
  TLS_CA_FILE: str({
    default: '',
    desc: 'Path of the authorities that peers are signed by, in PEM: with it, clients must bring a certificate (mTLS)',
  }),
  DATABASE_URL: postgresUrl({
    desc: 'The service’s own database: postgresql://user:password@host:5432/database',
  }),
  DATABASE_POOL_SIZE: integer(1, 500)({ default: 10, desc: 'Connections to the database, 1 to 500' }),
  QUARTET_SERVICE_SECRET_FILE: str({
    default: '',
    desc: 'Path of the file whose first line is the secret that the service signs in with, for work of its own',
  }),
  LOG_LEVEL: str({
    default: 'info',
    choices: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    desc: 'One of fatal, error, warn, info, debug, trace, silent',
  }),
  RPC_LIMITS: jsonObject({
    default: {},
    desc: 'Limits other than the contract’s, as JSON: {"/quartet.user.v1.UserService/GetUser": {"perSecond": 100, "burst": 200, "maxOpen": 10}}',
  }),
  MAX_CALLS_IN_FLIGHT: integer(
    1,
    1_000_000,
  )({
    default: 4_000,
    desc: 'Calls open at once in this process, streams included; more are refused with RESOURCE_EXHAUSTED',
  }),
  MAX_UNREAD_MIB: integer(
    8,
    1_000_000,
  )({
    default: undefined,
    desc: 'MiB of requests that all calls together may have been sent and not have read; past it the largest is refused; a quarter of the container’s memory unless given, 256 at most',
  }),
  TRUSTED_PROXIES: str({
    default: '',
    desc: 'Addresses and networks whose x-forwarded-for is believed, "10.1.2.3,10.2.0.0/16"; private networks unless given',
  }),
  MAX_EVENT_LOOP_DELAY_MS: integer(
    50,
    60_000,
  )({
    default: 500,
    desc: 'Milliseconds that the event loop may be late before readiness says NOT_SERVING',
  }),
  METRICS_PORT: port({
    default: undefined,
    desc: 'TCP port where Prometheus reads /metrics; without one nothing is counted',
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: str({
    default: '',
    desc: 'URL of an OpenTelemetry collector that traces are sent to; docs/telemetry.md has the other OTEL_ variables',
  }),
  DRAIN_ACCEPT_MS: integer(
    0,
    600_000,
  )({
    default: 5_000,
    desc: 'On SIGTERM, milliseconds in which calls are still accepted while balancers notice',
  }),
  DRAIN_GRACE_MS: integer(
    0,
    600_000,
  )({
    default: 20_000,
    desc: 'After that, milliseconds for running calls to finish; the pod’s grace must exceed the sum',
  }),
}

export { bool, str } from 'envalid'
