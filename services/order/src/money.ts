import type { Money, Money__Output } from '@quartet/proto/order'

/**
 * What something costs, in one currency or other: "12.500000000". A decimal with nine places, not negative, as
 * PostgreSQL's numeric(…, 9) reads and writes it. No float ever holds it.
 */
export type Amount = string

/** Of the contract's Money, which has been validated; the currency is left to the caller. */
export const toAmount = ({ units, nanos }: Money__Output): Amount =>
  `${units}.${String(nanos).padStart(places, '0')}`

/** An amount as the contract's Money. */
export const toMoney = (amount: Amount, currencyCode: string): Money => {
  const [units, nanos] = amount.split('.')
  return { currencyCode, units: units!, nanos: Number(nanos) }
}

/** The exact sum of an amount and so many of each. */
export const addTo = (
  amount: Amount,
  items: readonly { readonly quantity: number; readonly unitPrice: Amount }[],
): Amount => {
  let sum = nanosOf(amount)
  for (const { quantity, unitPrice } of items) sum += BigInt(quantity) * nanosOf(unitPrice)
  const digits = String(sum).padStart(places + 1, '0')
  return `${digits.slice(0, -places)}.${digits.slice(-places)}`
}

/** A unit is so many decimal places of nanos. */
const places = 9

const nanosOf = (amount: Amount) => BigInt(amount.replace('.', ''))
