import { codecOf } from '@quartet/proto/codec'
import { UserService } from '@quartet/proto/user'
import { compare, ratioAtMost } from './compare.ts'
import { fillUsers, startDatabase } from './database.ts'
import { connect, read } from './load.ts'
import { start } from './process.ts'

/** All users, to one who reads as fast as they come: through a cursor of `pg`, and through StreamUsers. */
const method = UserService.methods.find(({ name }) => name === 'StreamUsers')!
const { path } = method
const codec = codecOf(method)
const request = codec.requestSerialize({})
const rows = 100_000
/** Of a fetch: what StreamUsers reads at a time. */
const fetched = 500

const database = await startDatabase('user')
await fillUsers(database, rows)
const server = await start('user-service.ts', { DATABASE_URL: database.url })
const client = connect(server.port)

const timed = async (work: () => Promise<number>): Promise<number> => {
  const began = performance.now()
  const count = await work()
  if (count !== rows) throw new Error(`${count} users came, and not ${rows}`)
  return performance.now() - began
}

const throughCursor = async () => {
  const connection = await database.pool.connect()
  let count = 0
  await connection.query('begin; declare everybody cursor for select * from users order by id')
  for (let page = 1; page;) {
    const { rows } = await connection.query(`fetch ${fetched} from everybody`)
    count += page = rows.length
  }
  await connection.query('commit')
  connection.release()
  return count
}

const throughService = async () => {
  let count = 0
  await read(client, path, request, (page) => {
    count += usersIn(page)
  })
  return count
}

/** What a page of `users = 1` holds, counted without decoding it. */
const usersIn = (page: Buffer): number => {
  let count = 0
  for (let at = 0; at < page.length; count++) {
    let length = 0
    at++
    for (let shift = 0, byte = 0x80; byte & 0x80; shift += 7) length |= ((byte = page[at++]!) & 0x7f) << shift
    at += length
  }
  return count
}

await compare({
  title: `${rows} users`,
  unit: 'ms',
  variants: [
    { name: 'a cursor of pg', measure: () => timed(throughCursor) },
    { name: 'StreamUsers', measure: () => timed(throughService), aim: ratioAtMost(1.5) },
  ],
  turns: 1,
})
client.close()
await server.stop()
await database.stop()
