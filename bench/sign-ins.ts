import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { removeData } from '@quartet/database/embedded'
import { AuthService } from '@quartet/proto/auth'
import { UserService } from '@quartet/proto/user'
import { createClient } from '@quartet/rpc'
import { services } from '@quartet/tools/services'
import { startSuite } from '@quartet/tools/suite'
import { compare, ratioAtMost } from './compare.ts'

/** GetUser from the running user service, ten in flight, while many sign in with wrong passwords and while nobody does. */
const flood = 200
const inFlight = 10
const calls = 500

const directory = mkdtempSync(join(tmpdir(), 'quartet-bench-'))
const unlimited = [...AuthService.methods, ...UserService.methods].map(({ path }) => [path, { perSecond: 0 }])
const suite = await startSuite({
  directory,
  services: services().filter(({ name }) => name === 'user'),
  environment: { ...process.env, RPC_LIMITS: JSON.stringify(Object.fromEntries(unlimited)) },
  edge: 0,
  envoy: { missing: 'This bench calls the service itself.' },
})
const target = suite.endpoints['user']!
const auth = createClient(AuthService, { target })
const { tokens, user } = await auth.signIn(suite.accounts[0]!)
const users = createClient(UserService, { target, token: () => tokens!.accessToken })

/** Milliseconds that one call in a hundred exceeds. */
const p99 = async (): Promise<number> => {
  const took: number[] = []
  let left = calls
  const caller = async () => {
    while (left-- > 0) {
      const began = performance.now()
      await users.getUser({ userId: user!.id })
      took.push(performance.now() - began)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, caller))
  return took.toSorted((a, b) => a - b)[Math.floor(calls * 0.99)]!
}

let attempts = 0
const whileSigningIn = async (): Promise<number> => {
  const signIns = Array.from({ length: flood }, () =>
    auth.signIn({ email: `${attempts++}@example.org`, password: 'wrong' }).catch(() => {}),
  )
  const figure = await p99()
  await Promise.all(signIns)
  return figure
}

try {
  await compare({
    title: `GetUser while ${flood} sign in at once`,
    unit: 'p99, ms',
    turns: 1,
    variants: [
      { name: 'nobody signs in', measure: p99 },
      { name: `${flood} sign in`, measure: whileSigningIn, aim: ratioAtMost(3) },
    ],
  })
} finally {
  auth.close()
  users.close()
  await suite.stop()
  removeData(join(directory, 'postgres'))
  rmSync(directory, { recursive: true, force: true })
}
