import { join } from 'node:path'
import { assertMigrated, createPool, prismaOptions } from '@quartet/database'
import { createListener } from '@quartet/events'
import { UserService } from '@quartet/proto/user'
import { requestOf } from '@quartet/rpc'
import { createLogger, loadConfig, run } from '@quartet/service'
import { readOptions } from './command-line.ts'
import { schema } from './config.ts'
import { PrismaClient } from './generated/prisma/client.ts'
import { hashPassword } from './password.ts'
import { openPrompt } from './prompt.ts'
import { userFeed } from './user-feed.ts'
import { userRepository } from './user-repository.ts'
import { fromCreateRequest } from './user.ts'

/**
 * `npm run admin:create -- --email ada@example.org --name Ada`: the first administrator of a database where there is no
 * demo. What is not given is asked for. The password is never an argument, which others on the machine could read: it is
 * asked for, or taken from the variable ADMIN_PASSWORD or, where there is no terminal, from the first line of the input.
 */
run('admin:create', async () => {
  const given = readOptions(
    { email: { type: 'string' }, name: { type: 'string' } },
    'npm run admin:create [-- --email ada@example.org --name Ada]',
  )
  const { DATABASE_URL } = loadConfig({ DATABASE_URL: schema.DATABASE_URL }, process.env)
  const pool = createPool({ url: DATABASE_URL, name: 'admin:create', max: 1, onError: () => {} })
  await assertMigrated(pool, join(import.meta.dirname, '../prisma/migrations'))

  const ask = openPrompt()
  const email = given.email ?? (await ask('E-mail'))
  const name = given.name ?? (await ask('Name'))
  const password = process.env['ADMIN_PASSWORD'] ?? (await ask('Password', { secret: true }))
  const request = requestOf(UserService, 'createUser', { email, name, password, role: 'USER_ROLE_ADMIN' })

  const listener = createListener({ url: DATABASE_URL, name: 'admin:create', onError: () => {} })
  const feed = userFeed({ pool, listener, logger: createLogger('admin:create', 'error') })
  const users = userRepository(new PrismaClient(prismaOptions(pool)), pool, feed)
  const created = await users.create(fromCreateRequest(request, await hashPassword(password)))
  if ('problem' in created) throw new Error(`${email} is the address of an account that exists already`)
  console.log(`${email} is an administrator, with the id ${created.user.id}.`)
  process.exit(0)
})
