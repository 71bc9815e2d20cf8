import { compare, ratioAtMost } from './compare.ts'

const { log } = console
const lines: string[] = []
beforeEach(() => {
  lines.length = 0
  console.log = (line = '') => lines.push(line)
})
afterEach(() => {
  console.log = log
})

const run = async (...variants: { name: string; values: () => number; atMost?: number }[]) => {
  const turns: string[] = []
  await compare({
    title: 'title',
    unit: 'µs',
    turns: 1,
    variants: variants.map(({ name, values, atMost }) => ({
      name,
      async measure() {
        turns.push(name)
        return values()
      },
      ...(atMost && { aim: ratioAtMost(atMost) }),
    })),
  })
  return turns
}

test('a machine that gets slower and slower does not show in the ratio', async () => {
  let slow = 1
  await run(
    { name: 'one', values: () => 10 * (slow += 0.01) },
    { name: 'two', values: () => 20 * slow, atMost: 2.1 },
  )
  expect(lines[2]).toMatch(/two .* (1\.99|2\.00) .* ratio ≤ 2\.1: met$/)
})

test('the variants take turns, and neither always follows the other', async () => {
  const turns = await run({ name: 'one', values: () => 1 }, { name: 'two', values: () => 1 })
  expect(turns.slice(0, 4)).toEqual(['one', 'two', 'two', 'one'])
})

test('what the machine was too restless for is not said', async () => {
  let i = 0
  await run({ name: 'one', values: () => 1 }, { name: 'two', values: () => (i++ % 2 ? 1 : 3), atMost: 2 })
  expect(lines[2]).toMatch(/ratio ≤ 2: too close to tell$/)
})
