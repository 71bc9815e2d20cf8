import { createHook } from 'node:async_hooks'
import { hashPassword, verifyPassword } from '../password.ts'

// Watches Node's thread pool hash, in a process whose hooks nobody else minds, and prints what was seen.

const working = new Set<number>()
let made = 0
let atOnce = 0
createHook({
  init(id, type) {
    if (type !== 'ARGON2REQUEST') return
    working.add(id)
    made++
    atOnce = Math.max(atOnce, working.size)
  },
  before: (id) => working.delete(id),
}).enable()

await verifyPassword('anything', async () => undefined)
const forNobody = made

const gone = new AbortController()
const all = Array.from({ length: 110 }, () => hashPassword('secret', gone.signal))
const outcomes = Promise.allSettled(all)
await Promise.race(all.map((one) => one.catch(() => {})))
gone.abort(new Error('gone'))
const reasons = (await outcomes).flatMap((one) =>
  one.status === 'rejected' ? [(one.reason as Error).message] : [],
)
const waited = reasons.filter((reason) => reason === 'gone').length
console.log(JSON.stringify({ forNobody, atOnce, waited, refused: reasons.length - waited }))
