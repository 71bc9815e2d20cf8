import { randomUUID } from 'node:crypto'
import { AuthService } from '@quartet/proto/auth'
import { UserService } from '@quartet/proto/user'
import { createClient, follow } from '@quartet/rpc'
import { describeWith } from '@quartet/testing'
import { hasEnvoy, start } from './suite.ts'

// Guarantee 2, as a client at the edge sees it: a watch loses nothing and doubles nothing, whatever dies meanwhile.

describeWith('Envoy', hasEnvoy, () => {
  let suite: Awaited<ReturnType<typeof start>>
  beforeAll(async () => (suite = await start({ durable: true })))
  afterAll(() => suite?.stop())

  test('a watch outlives its service, its database and the edge, and a writer that tries again stores once', async () => {
    const auth = createClient(AuthService, { target: suite.edge })
    const { tokens } = await auth.signIn(suite.account('ADMIN'))
    const users = createClient(UserService, { target: suite.edge, token: () => tokens!.accessToken })

    const wanted = 120
    const seen: string[] = []
    const stop = new AbortController()
    const watching = Promise.withResolvers<void>()
    const passed = new Map([20, 50, 80].map((count) => [count, Promise.withResolvers<void>()]))
    const all = Promise.withResolvers<void>()
    const watcher = (async () => {
      const changes = follow((cursor) => users.watchUsers({ resumeToken: cursor ?? '' }), {
        cursorOf: ({ resumeToken }) => resumeToken || undefined,
        signal: stop.signal,
      })
      for await (const { change, user } of changes) {
        // The first heartbeat comes at once, with where to go on.
        watching.resolve()
        if (change !== 'USER_CHANGE_CREATED') continue
        seen.push(user!.email)
        passed.get(seen.length)?.resolve()
        if (seen.length === wanted) all.resolve()
      }
    })()
    await watching.promise

    const emails = Array.from({ length: wanted }, () => `${randomUUID()}@example.org`)
    const create = async (email: string) => {
      const request = { name: 'Watched', email, requestId: email }
      for (;;) {
        try {
          return await users.createUser(request)
        } catch {
          // The same request again: with its key nobody is created twice.
        }
      }
    }
    const writer = (async () => {
      for (const email of emails) await create(email)
    })()
    const victims = ['user', 'postgres', 'envoy']
    const killer = (async () => {
      for (const { promise } of passed.values()) {
        await promise
        const victim = victims.shift()
        process.kill(suite.processes().find(({ name }) => name === victim)!.pid, 'SIGKILL')
      }
    })()
    await Promise.all([writer, killer, all.promise])
    stop.abort()
    await watcher
    expect(seen).toEqual(emails)
    auth.close()
    users.close()
  }, 120_000)
})
