import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'

/** Where one replica of a service is. */
export interface Replica {
  readonly address: string
  /** The name that it was found by: its certificate is made out to that. */
  readonly serverName?: string | undefined
}

/**
 * The replicas behind a target of grpc-js: the addresses that it lists (`ipv4:a:1,b:2`), or those of its name in DNS, of
 * which a headless Service of Kubernetes has one for each pod. What is neither is taken for one replica, whichever a call
 * gets to.
 *
 * @throws Error when the name cannot be resolved.
 */
export const replicasOf = async (target: string): Promise<Replica[]> => {
  if (target.startsWith('ipv4:'))
    return target
      .slice('ipv4:'.length)
      .split(',')
      .map((address) => ({ address }))
  const [, name, port] = hostAndPort.exec(target) ?? []
  if (!name || !port) return [{ address: target }]
  const found = await lookup(name, { all: true })
  // A host that has both kinds of address is one replica still.
  const family = Math.min(...found.map(({ family }) => family))
  const addresses = found.filter((one) => one.family === family).map(({ address }) => address)
  return [...new Set(addresses)].map((address) => ({
    address: `${family === 6 ? `[${address}]` : address}:${port}`,
    serverName: isIP(name) ? undefined : name,
  }))
}

/** `user:50051`, `dns:user:50051`, `dns:///user:50051`. An address of IPv4 is a name that stands for itself. */
const hostAndPort = /^(?:dns:(?:\/\/\/)?)?([\w.-]+):(\d+)$/
