import { Client, credentials } from '@grpc/grpc-js'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { compare, ratioAtMost } from './compare.ts'
import { buildBare, databaseOf, docker, hasEngine, removeAll, run, type Container } from './containers.ts'

/** From `docker run` to the first answered probe, of a service's image and of a bare one: the engine's own work in both. */
const name = Buffer.from('readiness')
const request = Buffer.concat([Buffer.from([0x0a, name.length]), name]) // HealthCheckRequest { service }
const serving = Buffer.from([0x08, 1]) // HealthCheckResponse { status: SERVING }

const probe = (port: number) =>
  new Promise<boolean>((resolve) => {
    const bytes = (message: Buffer) => message
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
    })
    const deadline = Date.now() + 5_000
    client.makeUnaryRequest(
      '/grpc.health.v1.Health/Check',
      bytes,
      bytes,
      request,
      { deadline },
      (error, answer) => {
        client.close()
        resolve(!error && answer!.equals(serving))
      },
    )
  })

const variant = (name: string, start: () => Promise<Container>) => ({
  name,
  async measure() {
    const started = performance.now()
    const container = await start()
    while (!(await probe(container.port))) {
      if (performance.now() - started > 60_000)
        throw new Error(`${name} does not answer: ${await container.log()}`)
      await sleep(5)
    }
    const milliseconds = performance.now() - started
    await container.remove()
    return milliseconds
  },
})

const main = async () => {
  await docker('compose', 'build', 'order')
  const image = 'quartet/order:0.1.0'
  const bare = await buildBare(image)
  const url = await databaseOf(image)
  const secret = join(mkdtempSync(join(tmpdir(), 'quartet-bench-')), 'secret')
  writeFileSync(secret, 'x'.repeat(32), { mode: 0o444 })
  chmodSync(dirname(secret), 0o755)
  process.once('exit', () => rmSync(dirname(secret), { recursive: true }))
  const own = [
    '-e',
    `DATABASE_URL=${url}`,
    '-e',
    'QUARTET_SERVICE_SECRET_FILE=/secret',
    '-v',
    `${secret}:/secret:ro`,
  ]
  await compare({
    title: 'From docker run to the first answered probe',
    unit: 'ms',
    variants: [
      variant('bare grpc-js', () => run(bare)),
      {
        ...variant('the order service, its database there', () => run(image, ...own)),
        aim: ratioAtMost(2),
      },
    ],
    turns: 1,
  })
}

if (hasEngine()) {
  process.once('exit', removeAll)
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))
  await main()
} else console.log('skipped: there is no container engine (docker version)')
