import { kubectl } from './cluster.ts'
import { inside, program } from './inside.ts'

/** What answers in a pod, by 'host:port'. Its own address does not count: no policy is between a pod and itself. */
export type Reach = Readonly<Record<string, 'open' | 'closed'>>

/** Tries from a container of each service's pods. */
export const reachFrom = (service: string, targets: readonly string[]): Promise<Reach> =>
  inside(service, tryAll, targets)

/** Tries from a pod of its own, of no label, in another namespace, which must be there. */
export const reachFromNamespace = async (
  name: string,
  image: string,
  targets: readonly string[],
): Promise<Reach> => {
  const inNamespace = (...args: string[]) => kubectl('-n', name, ...args)
  await inNamespace(
    'run',
    'stranger',
    `--image=${image}`,
    '--restart=Never',
    '--command',
    '--',
    ...program(tryAll, targets),
  )
  await inNamespace('wait', 'pod/stranger', '--for=jsonpath={.status.phase}=Succeeded', '--timeout=3m')
  return JSON.parse(await inNamespace('logs', 'stranger')) as Reach
}

/** Runs in a pod, so it needs nothing that is around it here. */
const tryAll = async (targets: readonly string[]): Promise<Reach> => {
  const { connect } = process.getBuiltinModule('node:net')
  const { lookup } = process.getBuiltinModule('node:dns/promises')
  const own = Object.values(process.getBuiltinModule('node:os').networkInterfaces()).flatMap(
    (one) => one ?? [],
  )
  const answers = async (target: string) => {
    const [host, port] = target.split(':') as [string, string]
    const found = await lookup(host, { all: true })
    const other = found.find(({ address }) => !own.some((mine) => mine.address === address))
    return new Promise<'open' | 'closed'>((resolve) => {
      const socket = connect({ host: other!.address, port: Number(port), timeout: 5_000 })
      socket.on('connect', () => resolve('open'))
      socket.on('timeout', () => resolve('closed'))
      socket.on('error', () => resolve('closed'))
    })
  }
  return Object.fromEntries(
    await Promise.all(targets.map(async (target) => [target, await answers(target)] as const)),
  )
}
