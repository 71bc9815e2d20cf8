import { spread } from './statistics.ts'

const shuffled = [17, 3, 25, 9, 1, 22, 14, 6, 19, 11, 2, 24, 8, 16, 5, 21, 13, 10, 23, 4, 18, 7, 20, 12, 15]

test('of 25 values the 7th and 19th are the quartiles, and the median is sure between the 8th and 18th', () => {
  expect(spread(shuffled)).toEqual({ median: 13, quartiles: [7, 19], sure: [8, 18] })
})

test('so many values on either side of the true median have a probability of 95 %', () => {
  const ways = Array.from({ length: 26 }, (_, below) => choose(25, below))
  // The true median is below the 8th value, or above the 18th, when fewer than 8 values lie on one side of it.
  const outside = 2 * ways.slice(0, 8).reduce((sum, count) => sum + count)
  expect(1 - outside / 2 ** 25).toBeCloseTo(0.957, 3)
})

const choose = (n: number, k: number): number => (k === 0 ? 1 : (choose(n - 1, k - 1) * n) / k)
