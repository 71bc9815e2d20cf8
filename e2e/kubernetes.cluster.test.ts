import { setTimeout as sleep } from 'node:timers/promises'
import { applyDemo, deleteDemo, kubectl } from './cluster.ts'
import { applyMtls } from './cluster-mtls.ts'
import { inside } from './inside.ts'
import { reachFrom, reachFromNamespace } from './reach.ts'
import { atEdge, startMixedLoad } from './load/mixed.ts'
import { newRecord } from './load/record.ts'

let demo: Awaited<ReturnType<typeof applyDemo>>
beforeAll(async () => (demo = await applyDemo()))
afterAll(() => deleteDemo())

const startLoad = () =>
  startMixedLoad(
    atEdge(demo.edge),
    demo.accounts.find(({ role }) => role === 'ADMIN')!,
  )

/** All of these must have happened, and nothing of what must not. */
const nothingWrong = { ...newRecord(), done: expect.objectContaining(allKinds()) }
function allKinds() {
  return Object.fromEntries(
    ['created', 'read', 'updates', 'uploads', 'messages'].map((what) => [what, expect.any(Number)]),
  )
}

test('all four kinds answer through the load balancer', async () => {
  const load = await startLoad()
  await sleep(5_000)
  expect(await load.stop()).toEqual(nothingWrong)
})

test('every Deployment is rolled under load, and nobody notices', async () => {
  const load = await startLoad()
  for (const name of ['user', 'order', 'chat', 'upload', 'envoy']) {
    await kubectl('rollout', 'restart', `deployment/${name}`)
    await kubectl('rollout', 'status', `deployment/${name}`, '--timeout=5m')
  }
  const record = await load.stop()
  console.log(record.done)
  expect(record).toEqual(nothingWrong)
  expect(record.done).toMatchObject({
    'watches resumed': expect.any(Number),
    'chats resumed': expect.any(Number),
  })
})

test('pods are killed under load, one of each Deployment', async () => {
  const load = await startLoad()
  for (const name of ['user', 'order', 'chat', 'envoy']) {
    const [pod] = (
      await kubectl(
        'get',
        'pods',
        '-l',
        `app.kubernetes.io/name=${name}`,
        '-o',
        'name',
        '--field-selector=status.phase=Running',
      )
    ).split('\n')
    await kubectl('delete', pod!, '--force', '--grace-period=0')
    await kubectl('rollout', 'status', `deployment/${name}`, '--timeout=5m')
  }
  const record = await load.stop()
  console.log(record.done)
  expect(record).toEqual(nothingWrong)
})

describe('who may reach whom', () => {
  const services = ['user', 'order', 'upload', 'chat']
  const stranger = 'quartet-stranger'
  afterAll(() => kubectl('delete', 'namespace', stranger, '--ignore-not-found'))

  test('from elsewhere in the cluster: Envoy, and nothing else', async () => {
    await kubectl('create', 'namespace', stranger)
    const image = 'jsonpath={.spec.template.spec.containers[0].image}'
    const inside = [...services.map((name) => `${name}.quartet:50051`), 'postgres.quartet:5432']
    expect(
      await reachFromNamespace(stranger, await kubectl('get', 'deployment', 'user', '-o', image), [
        'envoy.quartet:80',
        ...inside,
      ]),
    ).toEqual({
      'envoy.quartet:80': 'open',
      ...Object.fromEntries(inside.map((target) => [target, 'closed'])),
    })
  })

  test.each([
    ['user', []],
    ['order', ['user', 'chat']],
    ['upload', ['user']],
    ['chat', ['user', 'order', 'upload', 'chat']],
  ])('from %s: PostgreSQL and whom it calls', async (name, callees) => {
    // Of upload there is one, which is none to itself.
    const others = services.filter((other) => other !== name || other !== 'upload')
    expect(await reachFrom(name, ['postgres:5432', ...others.map((other) => `${other}:50051`)])).toEqual({
      'postgres:5432': 'open',
      ...Object.fromEntries(
        others.map((other) => [`${other}:50051`, callees.includes(other) ? 'open' : 'closed']),
      ),
    })
  })
})

test('load brings replicas', async () => {
  // A threshold that a small load on a small machine gets past.
  await kubectl(
    'patch',
    'hpa',
    'order',
    '--type=json',
    '-p',
    '[{"op":"replace","path":"/spec/metrics/0/resource/target/averageValue","value":"20m"}]',
  )
  const load = await startLoad()
  const replicas = async () =>
    Number(await kubectl('get', 'deployment', 'order', '-o', 'jsonpath={.status.readyReplicas}'))
  while ((await replicas()) < 3) await sleep(1_000)
  expect(await load.stop()).toEqual(nothingWrong)
})

describe('with mTLS', () => {
  let mtls: Awaited<ReturnType<typeof applyMtls>>
  beforeAll(async () => (mtls = await applyMtls()))
  afterAll(() => mtls?.forget())

  /** Shakes hands with a service from a pod of chat, with its certificate or without one. */
  const greet = ({ name, certificate }: { name: string; certificate: boolean }) =>
    inside(
      'chat',
      async ({ name, certificate }) => {
        const { connect } = process.getBuiltinModule('node:tls')
        const { readFileSync } = process.getBuiltinModule('node:fs')
        const file = (name: string) => readFileSync(`/run/certificates/${name}`)
        const own = certificate ? { cert: file('tls.crt'), key: file('tls.key') } : {}
        const socket = connect({
          host: name,
          servername: name,
          port: 50051,
          ca: file('ca.crt'),
          ALPNProtocols: ['h2'],
          ...own,
        })
        return new Promise<{ serial?: string; error?: string }>((resolve) => {
          // A server that is content begins with its settings.
          socket.once('data', () => resolve({ serial: socket.getPeerCertificate().serialNumber }))
          socket.once('error', ({ message }) => resolve({ error: message }))
        })
      },
      { name, certificate },
    )

  test('all four kinds answer', async () => {
    const load = await startLoad()
    await sleep(5_000)
    expect(await load.stop()).toEqual(nothingWrong)
  })

  test('a caller inside without a certificate gets nowhere', async () => {
    expect(await greet({ name: 'user', certificate: true })).toEqual({ serial: expect.any(String) })
    expect(await greet({ name: 'user', certificate: false })).toEqual({
      error: expect.stringContaining('certificate required'),
    })
  })

  test('new certificates are taken under load, and nobody notices', async () => {
    const load = await startLoad()
    const { serial } = await greet({ name: 'order', certificate: true })
    await mtls.renew()
    while ((await greet({ name: 'order', certificate: true })).serial === serial) await sleep(1_000)
    expect(await load.stop()).toEqual(nothingWrong)
  })
})

test('deleted, nothing of it remains', async () => {
  await deleteDemo()
  const left = await kubectl(
    'get',
    'namespaces,persistentvolumes,clusterroles,clusterrolebindings',
    '-o',
    'name',
  )
  expect(left.split('\n').filter((name) => name.includes('quartet') && !name.includes('stranger'))).toEqual(
    [],
  )
  const volumes = await kubectl(
    'get',
    'persistentvolumes',
    '-o',
    'jsonpath={.items[*].spec.claimRef.namespace}',
  )
  expect(volumes).not.toContain('quartet')
})
