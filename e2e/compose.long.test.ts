import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { AuthService } from '@quartet/proto/auth'
import { UserService } from '@quartet/proto/user'
import { createClient, type CallOptions, type Client } from '@quartet/rpc'
import { describeWith } from '@quartet/testing'
import { freePort } from '@quartet/tools/ports'
import { workspace } from '@quartet/tools/services'
import { atEdge, startMixedLoad } from './load/mixed.ts'
import { newRecord } from './load/record.ts'

const hasDocker =
  spawnSync('docker', ['version']).status === 0 && spawnSync('docker', ['compose', 'version']).status === 0

describeWith('Docker', hasDocker, () => {
  const project = `quartet-test-${process.pid}`
  let environment: NodeJS.ProcessEnv
  let edge: string

  const compose = async (...args: string[]): Promise<string> => {
    const options = { cwd: workspace, env: environment, maxBuffer: 64 << 20 }
    return (await promisify(execFile)('docker', ['compose', '-p', project, ...args], options)).stdout
  }
  const up = (...args: string[]) => compose('up', '-d', '--wait', ...args)

  beforeAll(async () => {
    const port = await freePort()
    environment = { ...process.env, QUARTET_PORT: String(port) }
    edge = `127.0.0.1:${port}`
    await compose('build')
    const started = performance.now()
    await up()
    console.log(`docker compose up: ready after ${((performance.now() - started) / 1000).toFixed(1)} s`)
  })
  afterAll(() => compose('down', '-v', '--remove-orphans'))

  const accounts = async () => {
    const lines = (await compose('run', '--rm', 'accounts')).trim().split('\n')
    return lines
      .map((line) => line.trim().split(/\s+/))
      .map(([email, password]) => ({ email: email!, password: password! }))
  }
  const signedIn = async () => {
    const auth = createClient(AuthService, { target: edge })
    const { tokens } = await auth.signIn((await accounts())[0]!)
    auth.close()
    return tokens!.accessToken
  }

  const withUsers = async <T>(work: (users: Client<typeof UserService, CallOptions>) => Promise<T>) => {
    const token = await signedIn()
    const users = createClient(UserService, { target: edge, token: () => token })
    try {
      return await work(users)
    } finally {
      users.close()
    }
  }

  test('who can sign in is shown, and where to look', async () => {
    expect((await accounts()).map(({ email }) => email)).toEqual(
      ['admin', 'editor', 'viewer'].map((role) => `${role}@quartet.test`),
    )
    expect(await compose('logs', 'welcome')).toContain(`http://${edge}`)
  })

  test('all four kinds answer through the one port', async () => {
    const load = await startMixedLoad(atEdge(edge), (await accounts())[0]!)
    await sleep(5_000)
    expect(await load.stop()).toEqual({
      ...newRecord(),
      done: expect.objectContaining({ created: expect.any(Number) }),
    })
  })

  test('it takes less than 1 GiB', async () => {
    const ids = (await compose('ps', '-q')).trim().split('\n')
    const stats = execFileSync('docker', ['stats', '--no-stream', '--format', '{{.MemUsage}}', ...ids], {
      encoding: 'utf8',
    })
    const mib = stats
      .trim()
      .split('\n')
      .map((line) => /^([\d.]+)([MG])iB/.exec(line))
      .reduce((sum, match) => sum + Number(match![1]) * (match![2] === 'G' ? 1024 : 1), 0)
    expect(mib).toBeLessThan(1024)
  })

  test('three replicas of a service share its calls', async () => {
    await up('--no-recreate', '--scale', 'user=3')
    const replicas = await withUsers(async (users) => {
      const found = new Set<unknown>()
      const onTrailers: CallOptions['onTrailers'] = (trailers) =>
        found.add(trailers.get('x-quartet-replica')[0])
      // Envoy asks DNS every two seconds.
      while (found.size < 3) await users.listUsers({ pageSize: 1 }, { onTrailers })
      return found
    })
    expect(replicas.size).toBe(3)
  })

  test.each(['user', 'order', 'upload', 'chat', 'envoy', 'postgres'])(
    '%s comes back when it is killed',
    async (name) => {
      const [id] = (await compose('ps', '-q', name)).trim().split('\n')
      const restarts = () =>
        Number(execFileSync('docker', ['inspect', '-f', '{{.RestartCount}}', id!], { encoding: 'utf8' }))
      const before = restarts()
      // Everything in the container but its init, which then ends too; the engine does not bring back what it killed itself.
      const killer = ['envoy', 'postgres'].includes(name)
        ? ['bash', '-c', 'kill -9 -1']
        : ['/nodejs/bin/node', '-e', 'process.kill(-1, 9)']
      spawnSync('docker', ['exec', id!, ...killer])
      while (restarts() === before) await sleep(200)
      await up('--no-recreate', '--scale', 'user=3')
      expect(await signedIn()).toBeTruthy()
    },
  )

  test('what was stored outlives down and up', async () => {
    const email = `ada-${process.pid}@example.org`
    const { user } = await withUsers((users) => users.createUser({ name: 'Ada', email }))
    const before = await accounts()
    await compose('down')
    await up()
    expect(await accounts()).toEqual(before)
    expect(await withUsers((users) => users.getUser({ userId: user!.id }))).toEqual({ user })
  })
})
