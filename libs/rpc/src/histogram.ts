/** How often values fell into which bucket: `counts[i]` of them were above `bounds[i - 1]` and at most `bounds[i]`. */
export interface Histogram {
  readonly bounds: readonly number[]
  /** One more than there are bounds: the last bucket has no end. */
  readonly counts: Float64Array
  sum: number
}

export const createHistogram = (bounds: readonly number[]): Histogram => ({
  bounds,
  counts: new Float64Array(bounds.length + 1),
  sum: 0,
})

/** Counts a value, without an allocation. */
export const record = (histogram: Histogram, value: number): void => {
  const { bounds, counts } = histogram
  let low = 0
  let high = bounds.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (bounds[middle]! < value) low = middle + 1
    else high = middle
  }
  counts[low]!++
  histogram.sum += value
}
