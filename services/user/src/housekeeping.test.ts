import { setTimeout as delay } from 'node:timers/promises'
import { AuthService } from '@quartet/proto/auth'
import { testServer } from '@quartet/testing'
import { createApp } from './app.ts'
import { startHousekeeping } from './housekeeping.ts'
import { testFoundation } from './testing/foundation.ts'

const foundation = await testFoundation()
const app = await createApp(foundation)
const server = await testServer(app.implementations, app.verify)
afterAll(async () => {
  server.close()
  await foundation.drop()
})

const count = async (table: string) =>
  Number((await foundation.pool.query(`select count(*) from ${table}`)).rows[0].count)
/** Keeps house until it has swept a session that nobody continues, which comes first. */
const keepHouse = async (keyDays: number) => {
  await server.client(AuthService).signUp({
    email: `${keyDays}@example.org`,
    password: 'correct horse battery',
    name: 'Ada',
  })
  await foundation.pool.query(`update refresh_tokens set expires_at = now() - interval '1 second'`)
  return startHousekeeping({ ...app, keyDays, logger: foundation.logger })
}

test('an old key gets its successor, and only where keys are to be replaced', async () => {
  await foundation.pool.query(`update signing_keys set created_at = now() - interval '31 days'`)
  const stopNever = await keepHouse(0)
  while (await count('refresh_tokens')) await delay(10)
  const stop = await keepHouse(30)
  while ((await count('signing_keys')) < 2) await delay(10)
  stopNever()
  stop()
  expect(await count('refresh_tokens')).toBe(0)
  expect(await count('signing_keys')).toBe(2)
})
