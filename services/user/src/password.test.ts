import { hashPassword, verifyPassword } from './password.ts'

test('a hash verifies its own password and no other', async () => {
  const hash = await hashPassword('correct horse')
  expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[^$]{22}\$[^$]{43}$/)
  expect(await verifyPassword('correct horse', hash)).toBe(true)
  expect(await verifyPassword('correct horsE', hash)).toBe(false)
  expect(await hashPassword('correct horse')).not.toBe(hash)
})

test('a password that normalizes to the same characters is the same', async () => {
  expect(await verifyPassword('cafe\u0301 au lait', await hashPassword('caf\u00e9 au lait'))).toBe(true)
})

test('nobody and a hash that is none verify nothing', async () => {
  for (const hash of [undefined, null, '', '!', '$argon2id$v=19$m=19456,t=2,p=1$$'])
    expect(await verifyPassword('anything', hash)).toBe(false)
})

test('more at once than run at a time all get an answer', async () => {
  const hash = await hashPassword('secret')
  const answers = await Promise.all(
    Array.from({ length: 7 }, (_, i) => verifyPassword(i % 2 ? 'secret' : 'no', hash)),
  )
  expect(answers).toEqual([false, true, false, true, false, true, false])
})
