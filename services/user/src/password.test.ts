import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { hashPassword, verifyPassword } from './password.ts'

test('a hash verifies its own password and no other', async () => {
  const hash = await hashPassword('correct horse')
  expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[^$]{22}\$[^$]{43}$/)
  expect(await verifyPassword('correct horse', async () => hash)).toBe(true)
  expect(await verifyPassword('correct horsE', async () => hash)).toBe(false)
  expect(await hashPassword('correct horse')).not.toBe(hash)
})

test('a password that normalizes to the same characters is the same', async () => {
  const hash = await hashPassword('caf\u00e9 au lait')
  expect(await verifyPassword('cafe\u0301 au lait', async () => hash)).toBe(true)
})

test('nobody and a hash that is none verify nothing', async () => {
  for (const hash of [undefined, null, '', '!', '$argon2id$v=19$m=19456,t=2,p=1$$'])
    expect(await verifyPassword('anything', async () => hash)).toBe(false)
})

test('more at once than run at a time all get an answer', async () => {
  const hash = await hashPassword('secret')
  const answers = await Promise.all(
    Array.from({ length: 7 }, (_, i) => verifyPassword(i % 2 ? 'secret' : 'no', async () => hash)),
  )
  expect(answers).toEqual([false, true, false, true, false, true, false])
})

test('hashing is off the event loop, few at a time, and the same for nobody’s password', async () => {
  const watch = join(import.meta.dirname, 'testing/watch-hashes.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [watch])
  const { forNobody, atOnce, waited, refused } = JSON.parse(stdout) as Record<string, number>
  expect(forNobody).toBe(1)
  expect([1, 2]).toContain(atOnce)
  expect({ waited, refused }).toEqual({ waited: 100, refused: 10 - atOnce! })
})
