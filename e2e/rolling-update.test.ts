import { join } from 'node:path'
import { describeWith } from '@quartet/testing'
import { findInstalledEnvoy } from '@quartet/tools/envoy'
import { startReplicas } from '@quartet/tools/replicas'
import { services, workspace, type Service } from '@quartet/tools/services'
import { Client } from 'pg'
import { atEdge, startMixedLoad, type Targets } from './load/mixed.ts'
import { newRecord, type Record } from './load/record.ts'

const { envoy } = await findInstalledEnvoy(join(workspace, '.quartet/bin'))
const rolled = services().filter(({ name }) => ['user', 'order', 'chat'].includes(name))

const expand = { name: '99990101000000_expand', sql: 'alter table orders add column note text' }
const contract = { name: '99990201000000_contract', sql: 'alter table orders drop column note' }

/** Milliseconds: two dozen processes are started here, maybe by a machine that has other things to do. */
const patience = 300_000

// Guarantee 6: any replica can be rolled or crashed under load, from one schema to the next too.
describeWith('Envoy', envoy !== undefined, () => {
  const database = (service: string) => `rolling_${process.pid}_${service}`
  const databaseUrl = (service: string) => {
    const url = new URL(process.env['TEST_DATABASE_URL']!)
    url.pathname = `/${database(service)}`
    return url.href
  }
  let suite: Awaited<ReturnType<typeof startReplicas>>
  /** Two more releases of the order service, one after the other. */
  let expanded: Service
  let contracted: Service
  beforeAll(async () => {
    suite = await startReplicas(rolled, { envoy: envoy!.path, databaseUrl })
    expanded = suite.nextRelease(
      rolled.find(({ name }) => name === 'order')!,
      expand,
    )
    contracted = suite.nextRelease(expanded, contract)
  }, patience)
  afterAll(async () => {
    await suite?.stop()
    const server = new Client(process.env['TEST_DATABASE_URL'])
    await server.connect()
    for (const { name } of rolled)
      await server.query(`drop database if exists ${database(name)} with (force)`)
    await server.end()
  })

  /** Behind Envoy, and by clients that balance themselves, at once: all four kinds, as long as `work` takes. */
  const underLoad = async (work: () => Promise<unknown>): Promise<Record[]> => {
    const account = suite.accounts.find(({ role }) => role === 'ADMIN')!
    const loads = await Promise.all(
      [atEdge(suite.edge), suite.targets as unknown as Targets].map((to) => startMixedLoad(to, account)),
    )
    try {
      await work()
    } finally {
      await Promise.all(loads.map((load) => load.stop()))
    }
    return loads.map(({ record }) => record)
  }
  /** All of these happened, and nothing of what must not. */
  const nothingWrong = (...happened: string[]) => ({
    ...newRecord(),
    done: expect.objectContaining(
      Object.fromEntries(
        ['created', 'read', 'updates', 'uploads', 'messages', ...happened].map((what) => [
          what,
          expect.any(Number),
        ]),
      ),
    ),
  })

  test('a replica does not start on a schema that is too old for it', async () => {
    await expect(suite.start(expanded)).rejects.toThrow(
      `order did not start: The database lacks the migration ${expand.name}`,
    )
  })

  test(
    'the schema is expanded, then every replica of every service is rolled, and nobody notices',
    async () => {
      const records = await underLoad(async () => {
        await suite.migrateTo(expanded)
        await Promise.all([suite.roll('user'), suite.roll('order', expanded), suite.roll('chat')])
      })
      for (const record of records) {
        expect(record).toEqual(nothingWrong('watches resumed', 'chats resumed'))
        // Who drains tells its streams to go elsewhere.
        expect(Object.keys(record.done).filter((what) => what.endsWith(' cut'))).toEqual([])
      }
    },
    patience,
  )

  test(
    'on a newer schema the replicas of before go on, and come back when they crash',
    async () => {
      const records = await underLoad(async () => {
        await suite.migrateTo(contracted)
        await Promise.all([suite.crash('order'), suite.crash('chat')])
      })
      for (const record of records) expect(record).toEqual(nothingWrong())
    },
    patience,
  )
})
