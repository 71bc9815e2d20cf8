import { probePorts, type PortRefusal } from '../ports.ts'
import type { Service } from '../services.ts'

/** Where everything of one suite listens, all on 127.0.0.1: 'edge', 'postgres', 'user', ... */
export type Ports = Readonly<Record<string, number>>

interface Wish {
  readonly name: string
  readonly port: number
  /** How its user moves it. */
  readonly variable: string
}

/**
 * Decides where everything listens. A variable (`EDGE_PORT`, `POSTGRES_PORT`, `USER_PORT`, ...) moves one
 * port, 0 to any free one; an edge of 0 moves every port that has no variable of its own.
 * Throws one line per port that is in use or malformed, each with the way to move it.
 */
export const choosePorts = async (choice: {
  services: readonly Service[]
  edge?: number
  embedded: boolean
  /** Each service needs a second one, for health checks in plaintext. */
  mtls?: boolean
  environment: NodeJS.ProcessEnv
}): Promise<Ports> => {
  const defaults = {
    edge: choice.edge ?? 8080,
    ...Object.fromEntries(choice.services.map(({ name, port }) => [name, port])),
    ...(choice.mtls && Object.fromEntries(choice.services.map(({ name }) => [healthOf(name), 0]))),
    ...(choice.embedded && { postgres: 50432 }),
    'edge-admin': 9901,
    'edge-metrics': 9902,
    ...metricsPorts(choice),
  }
  const wishes = Object.entries(defaults).map(([name, port]): Wish => {
    const variable = `${name.toUpperCase().replaceAll('-', '_')}_PORT`
    const given = name === 'edge' ? undefined : readPort(variable, choice.environment[variable])
    return { name, variable, port: given ?? (choice.edge === 0 ? 0 : port) }
  })
  const { ports, refused } = await probePorts(wishes)
  if (refused.length > 0) {
    throw new Error(refused.map((port) => explain(port, wishes)).join('\n'))
  }
  return ports
}

/**
 * With METRICS_PORT the services serve metrics, each on a port of its own: the first on that one, the others on those
 * after it.
 */
const metricsPorts = ({
  services,
  environment,
}: {
  services: readonly Service[]
  environment: NodeJS.ProcessEnv
}) => {
  const first = readPort('METRICS_PORT', environment['METRICS_PORT'])
  if (first === undefined) return {}
  return Object.fromEntries(services.map(({ name }, index) => [`${name}-metrics`, first && first + index]))
}

/** The name of a service's port for health checks. */
export const healthOf = (service: string) => `${service}-health`

/** The port that a text names, or undefined for none. Throws one line when it is not 0 to 65535. */
export const readPort = (source: string, text: string | undefined): number | undefined => {
  if (text === undefined || text === '') return undefined
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  throw new Error(`${source} is "${text}": it must be a port, 0 to 65535 (0: any free one).`)
}

const explain = ({ name, port, code }: PortRefusal, wishes: readonly Wish[]): string => {
  const twin = wishes.find((wish) => wish.name !== name && wish.port === port)
  const why = twin ? `is also that of ${twin.name}` : (reasons[code] ?? `cannot be opened (${code})`)
  const { variable } = wishes.find((wish) => wish.name === name)!
  const move = name === 'edge' ? 'npm start -- --port 8081' : `${variable}=0 npm start`
  return `Port ${port} of ${name} ${why}. Move it: ${move}. Or all at once to free ones: npm start -- --port 0`
}

const reasons: Record<string, string> = {
  EADDRINUSE: 'is in use',
  EACCES: 'is one that only root may open',
}
