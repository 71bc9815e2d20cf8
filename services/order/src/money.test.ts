import { addTo, toAmount, toMoney } from './money.ts'

test.each([
  ['0', 0, '0.000000000'],
  ['0', 1, '0.000000001'],
  ['12', 500_000_000, '12.500000000'],
  ['1000000000', 0, '1000000000.000000000'],
  ['9223372036854775807', 999_999_999, '9223372036854775807.999999999'],
])('%s units and %s nanos are %s, and come back', (units, nanos, amount) => {
  expect(toAmount({ currencyCode: 'EUR', units, nanos })).toBe(amount)
  expect(toMoney(amount, 'EUR')).toEqual({ currencyCode: 'EUR', units, nanos })
})

test('sums are exact where floats are not', () => {
  const dime = { quantity: 1, unitPrice: '0.100000000' }
  expect(addTo('0.000000000', [dime, dime, dime])).toBe('0.300000000')
  expect(addTo('0.000000000', [{ quantity: 3, unitPrice: '0.333333333' }])).toBe('0.999999999')
  expect(addTo('0.999999999', [{ quantity: 1, unitPrice: '0.000000001' }])).toBe('1.000000000')
  expect(addTo('0.000000000', [])).toBe('0.000000000')
})

test('the largest order there can be fits into the units of Money', () => {
  const largest = { quantity: 100_000, unitPrice: '1000000000.000000000' }
  const total = addTo(
    '0.000000000',
    Array.from({ length: 10_000 }, () => largest),
  )
  expect(total).toBe('1000000000000000000.000000000')
  expect(BigInt(toMoney(total, 'EUR').units as string)).toBeLessThan(2n ** 63n)
})
