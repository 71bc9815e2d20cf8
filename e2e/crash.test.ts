import { randomUUID } from 'node:crypto'
import { AuthService } from '@quartet/proto/auth'
import { UserService } from '@quartet/proto/user'
import { createClient, RpcError } from '@quartet/rpc'
import { start } from './suite.ts'

let suite: Awaited<ReturnType<typeof start>>
beforeAll(async () => (suite = await start({ durable: true })))
afterAll(() => suite?.stop())

// Guarantee 1: what was acknowledged is stored.
test.each(['user', 'postgres'])('a user created the moment before %s was killed is there', async (victim) => {
  const target = suite.endpoints['user']!
  const auth = createClient(AuthService, { target })
  const { tokens } = await auth.signIn(suite.account('ADMIN'))
  const users = createClient(UserService, { target, token: () => tokens!.accessToken })
  const { user } = await users.createUser({ name: 'Grace', email: `${randomUUID()}@example.org` })
  process.kill(suite.processes().find(({ name }) => name === victim)!.pid, 'SIGKILL')

  // Whatever the first tries meet, the suite brings the process back and then there is an answer.
  const answer = async () => {
    for (;;) {
      try {
        return await users.getUser({ userId: user!.id })
      } catch (error) {
        if (!(error instanceof RpcError) || error.reason === 'USER_NOT_FOUND') throw error
      }
    }
  }
  expect(await answer()).toEqual({ user })
  auth.close()
  users.close()
})
