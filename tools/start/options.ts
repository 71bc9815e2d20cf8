import { parseArgs } from 'node:util'
import { readPort } from './ports.ts'

/** What a start is asked for on its command line and by the variables that are its own. */
export interface Options {
  readonly help: boolean
  readonly fresh: boolean
  readonly watch: boolean
  /** Services and Envoy prove to each other who they are. */
  readonly mtls: boolean
  /** The edge's port; 0 moves every port to a free one. */
  readonly edge: number | undefined
  /** A server to use in place of the embedded PostgreSQL. */
  readonly databaseUrl: string | undefined
}

export const usage = `Usage: npm start [-- options]      starts the whole suite on this machine
       npm run dev [-- options]    the same, and restarts what a changed file concerns

  --port N   the port of the edge (8080); 0 moves every port to a free one
  --mtls     TLS between Envoy and the services and among them, both sides with certificates of npm run certs
  --fresh    forgets all data of earlier starts
  --help     shows this

  DATABASE_URL    a PostgreSQL server to use, one database per service, in place of the embedded one
  ENVOY_BIN       an Envoy to use
  EDGE_PORT, EDGE_ADMIN_PORT, EDGE_METRICS_PORT, POSTGRES_PORT, USER_PORT, ORDER_PORT, ...
                  move one port each (0: to a free one)
  METRICS_PORT    serves metrics of the services: the first on this port, the others on those after it
  LOG_LEVEL       what the services log: debug, info, warn, error

Every other variable that the start does not set itself reaches the services as it is.`

/** Reads the arguments and the variables. Throws one line for an argument or a value it does not know. */
export const readOptions = (args: string[], environment: NodeJS.ProcessEnv): Options => {
  const { values } = parse(args)
  const databaseUrl = environment['DATABASE_URL'] || undefined
  if (values.fresh && databaseUrl)
    throw new Error(
      '--fresh forgets the embedded PostgreSQL, and DATABASE_URL names another one: leave one of them out.',
    )
  return {
    help: values.help,
    fresh: values.fresh,
    watch: values.watch,
    mtls: values.mtls,
    edge: readPort('--port', values.port) ?? readPort('EDGE_PORT', environment['EDGE_PORT']),
    databaseUrl,
  }
}

const parse = (args: string[]) => {
  try {
    return parseArgs({
      args,
      options: {
        port: { type: 'string' },
        fresh: { type: 'boolean', default: false },
        watch: { type: 'boolean', default: false },
        mtls: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
  } catch (error) {
    // Node adds advice on positional arguments that leads nowhere here: its first sentence is enough.
    const [what] = (error as Error).message.split('. ')
    throw new Error(`${what}. npm start -- --help shows the options.`, { cause: error })
  }
}
