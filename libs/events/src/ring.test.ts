import { createRing } from './ring.ts'

const ring = (options: { maxEntries?: number; maxSize?: number }) =>
  createRing(10, {
    positionOf: (entry: number) => entry,
    isBefore: (a, b) => a < b,
    sizeOf: (entry) => entry,
    maxEntries: Infinity,
    maxSize: Infinity,
    ...options,
  })
const contents = (of: ReturnType<typeof ring>) => {
  const found = []
  for (let i = of.indexAfter(of.floor), entry; (entry = of.at(i)) !== undefined; i++) found.push(entry)
  return found
}

test('finds what is behind a position, whether there is an entry at it or not', () => {
  const numbers = ring({})
  numbers.append([12, 14], 15)
  const after = (position: number) => numbers.at(numbers.indexAfter(position))
  expect([9, 10, 11, 12, 13, 14, 20].map(after)).toEqual([undefined, 12, 12, 14, 14, undefined, undefined])
  expect(numbers.indexAfter(9)).toBe(-1)
  expect(numbers.head).toBe(15)
  const next = numbers.indexAfter(20)
  numbers.append([16], 16)
  expect(numbers.at(next)).toBe(16)
})

test.each([
  ['so many entries', { maxEntries: 2 }],
  ['so much', { maxSize: 30 }],
])('keeps %s, an index stays what it was, and who is behind can tell', (_, limits) => {
  const numbers = ring(limits)
  numbers.append([11, 12], 12)
  const next = numbers.indexAfter(11)
  numbers.append([13], 13)
  expect(contents(numbers)).toEqual([12, 13])
  expect(numbers.at(next)).toBe(12)
  expect(numbers.floor).toBe(11)
  expect(numbers.indexAfter(10)).toBe(-1)
  numbers.append([14, 15], 15)
  expect(contents(numbers)).toEqual([14, 15])
  expect(numbers.reaches(next)).toBe(false)
  expect(numbers.reaches(next + 2)).toBe(true)
})

test('one entry is kept, however large', () => {
  const numbers = ring({ maxSize: 5 })
  numbers.append([11, 12], 12)
  expect(contents(numbers)).toEqual([12])
})
