import { codecOf } from '@quartet/proto/codec'
import { UserService } from '@quartet/proto/user'
import { pagesOf } from './pages-of.ts'
import { collect, serve } from './testing/serve.ts'

const lengths = (rows: readonly unknown[], size: number) =>
  [...pagesOf(rows, size)].map(({ length }) => length)

test('as many rows as were asked for, where they are small', () => {
  const rows = Array.from({ length: 250 }, (_, id) => ({ id }))
  expect(lengths(rows, 100)).toEqual([100, 100, 50])
  expect([...pagesOf(rows, 100)].flat()).toEqual(rows)
  expect(lengths([], 100)).toEqual([])
})

test('a row that is too large for any page has one of its own', () => {
  const large = { name: 'x'.repeat(5_000_000) }
  expect(lengths([{ name: 'a' }, large, { name: 'b' }, { name: 'c' }], 100)).toEqual([1, 1, 2])
})

// The contract's limits for a user, in characters of four bytes each.
const text = (characters: number) => '🦊'.repeat(characters)
const largest = (n: number) => ({
  id: '0190f3a2-7c1e-7b8a-9d2f-3e4a5b6c7d8e',
  name: text(100),
  tags: Array.from({ length: 20 }, () => text(50)),
  metadata: Object.fromEntries(Array.from({ length: 32 }, (_, i) => [`${n} ${i} ${text(55)}`, text(512)])),
  address: { streetAddress: text(200), city: text(100), countryCode: 'DE' },
})

test('users at their limits arrive', async () => {
  const users = Array.from({ length: 130 }, (_, i) => largest(i))
  const codec = codecOf(UserService.methods.find(({ localName }) => localName === 'streamUsers')!)
  for (const page of pagesOf(users, 100))
    expect(codec.responseSerialize({ users: page }).length).toBeLessThan(4 * 1024 * 1024)
  expect(lengths(users, 100)[0]).toBeLessThan(100)
  const served = await serve({
    async *streamUsers() {
      for (const page of pagesOf(users, 100)) yield { users: page }
    },
  })
  const pages = await collect(served.client.streamUsers({}))
  expect(pages.flatMap((page) => page.users)).toHaveLength(130)
  served.close()
})
