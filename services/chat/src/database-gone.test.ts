import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { status } from '@grpc/grpc-js'
import { createPool, migrate } from '@quartet/database'
import { removeData, startPostgres } from '@quartet/database/embedded'
import { failure, untilBack } from '@quartet/testing'
import { chatSuite, migrations, type Person } from './testing/chat-suite.ts'
import { talker } from './testing/talker.ts'

// A PostgreSQL of its own, which goes away and comes back.

const dataDir = mkdtempSync(join(tmpdir(), 'quartet-chat-'))
let postgres = await startPostgres({ dataDir })
const url = postgres.url('chat')
await migrate({ url, directory: migrations, log: () => {} })
const pool = createPool({ url, name: 'test', onError: () => {} })
const suite = await chatSuite({ url, pool, drop: () => pool.end() })
afterAll(async () => {
  await Promise.all(talkers.map((one) => one.cancel()))
  await suite.close()
  await postgres.stop()
  removeData(dataDir)
})

const talkers: ReturnType<typeof talker>[] = []
const talk = (chat: Person['chat']) => {
  const one = talker(chat)
  talkers.push(one)
  return one
}

test.each([
  ['is stopped', () => postgres.stop()],
  ['is killed', () => process.kill(postgres.pid, 'SIGKILL')],
])(
  'a database that %s: calls say UNAVAILABLE, streams stay and miss nothing',
  async (_, end) => {
    const [ada, bob] = await Promise.all([suite.person(), suite.person()])
    const { room } = await untilBack(() => ada.chat.createRoom({ title: 'Weather', memberIds: [bob.id] }))
    const roomId = room!.id
    const [here, elsewhere] = [talk(ada.chat), talk(bob.elsewhere)]
    for (const one of [here, elsewhere]) {
      one.send({ join: { roomId } })
      await one.next('joined')
    }
    const send = (clientMessageId: string) =>
      here.send({ send: { roomId, clientMessageId, text: clientMessageId } })
    send('before')
    // Whoever still catches up would be sent away.
    for (const one of [here, elsewhere]) await one.next('message')

    await end()
    await postgres.exited
    const away = { code: status.UNAVAILABLE, reason: 'DEPENDENCY_UNAVAILABLE' }
    expect(await failure(bob.chat.listMessages({ roomId }))).toMatchObject(away)
    expect(await failure(bob.chat.sendMessage({ roomId, text: 'meanwhile' }))).toMatchObject(away)
    send('meanwhile')
    expect(await here.next('error')).toMatchObject({
      clientMessageId: 'meanwhile',
      status: { code: status.UNAVAILABLE },
    })

    postgres = await startPostgres({ dataDir, port: postgres.port })
    for (const text of ['one', 'two']) await untilBack(() => bob.elsewhere.sendMessage({ roomId, text }))
    for (const one of [here, elsewhere])
      for (const text of ['one', 'two']) expect(await one.next('message')).toMatchObject({ text })
    send('after')
    expect(await here.next('delivered')).toMatchObject({ clientMessageId: 'after', sequence: '4' })
  },
  60_000,
)
