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
import { start } from './process.ts'

/**
 * GetUser from the running user service, ten in flight for a second: from the moment when many people sign in with wrong
 * passwords, who share a process of their own, and while nobody does.
 */
const people = 200
const inFlight = 10
const measuredMs = 1_000

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

const crowd = await start('sign-in-flood.ts', {
  TARGET: target.split(':')[1]!,
  // Nobody is left of them when the next part begins.
  PATIENCE: String(measuredMs * 1.2),
})

/** Milliseconds that one call in a hundred exceeds. */
const p99 = async (): Promise<number> => {
  const took: number[] = []
  const end = performance.now() + measuredMs
  const caller = async () => {
    for (let began = performance.now(); began < end; began = performance.now()) {
      await users.getUser({ userId: user!.id })
      took.push(performance.now() - began)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, caller))
  return took.toSorted((a, b) => a - b)[Math.floor(took.length * 0.99)]!
}

const whileSigningIn = async (): Promise<number> => {
  const all = crowd.work(people)
  const figure = await p99()
  await all
  // Whoever is in line has gone by now; what is still being hashed was before this one.
  await auth.signIn(suite.accounts[0]!)
  return figure
}

try {
  await compare({
    title: `GetUser while ${people} sign in at once`,
    unit: 'p99, ms',
    turns: 1,
    variants: [
      { name: 'nobody signs in', measure: p99 },
      { name: `${people} sign in`, measure: whileSigningIn, aim: ratioAtMost(3) },
    ],
  })
} finally {
  auth.close()
  users.close()
  await crowd.stop()
  await suite.stop()
  removeData(join(directory, 'postgres'))
  rmSync(directory, { recursive: true, force: true })
}
