/** Where the middle of some values is, and how far that can be trusted. */
export interface Spread {
  readonly median: number
  /** Half of the values lie between these two. */
  readonly quartiles: readonly [number, number]
  /** The median of endlessly many such values lies between these two, with a probability of 95 %. */
  readonly sure: readonly [number, number]
}

/**
 * Of an odd number of values, a dozen or more. The interval is taken from the values themselves and supposes nothing
 * about how they are distributed: of n values, those 0.98 √n places from the middle (the sign test's interval).
 */
export const spread = (values: readonly number[]): Spread => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  const around = (places: number) => [sorted[middle - places]!, sorted[middle + places]!] as const
  return {
    median: sorted[middle]!,
    quartiles: around(Math.round(middle / 2)),
    sure: around(Math.round(0.98 * Math.sqrt(sorted.length))),
  }
}
