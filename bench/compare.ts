import { spread, type Spread } from './statistics.ts'

/** One of the things that are compared. */
export interface Variant {
  readonly name: string
  /** Does the work once and says what it cost, in the comparison's unit. */
  readonly measure: () => Promise<number>
  readonly aim?: Aim
}

/** What a figure should be: `of` is looked at, and `met` says whether it will do. */
export interface Aim {
  readonly text: string
  readonly of: 'value' | 'ratio'
  readonly met: (figure: number) => boolean
}

export const ratioAtMost = (most: number): Aim => ({
  text: `ratio ≤ ${most}`,
  of: 'ratio',
  met: (ratio) => ratio <= most,
})

export const atLeast = (least: number): Aim => ({
  text: `≥ ${least}`,
  of: 'value',
  met: (value) => value >= least,
})

interface Comparison {
  readonly title: string
  /** What `measure` returns. */
  readonly unit: string
  /** The first is the yardstick of the others. */
  readonly variants: readonly Variant[]
  /** How many turns each variant has in a round; its value is their mean. */
  readonly turns: number
}

const rounds = 25
/** Before the first: the code gets hot, heaps and connections their size. */
const warmUps = 4

/**
 * Measures the variants by turns and prints a line for each. Ratios are taken within a round, where the variants
 * alternate, so that a machine that is slow for a while is slow for all of them.
 */
export const compare = async ({ title, unit, variants, turns }: Comparison): Promise<void> => {
  const values = variants.map((): number[] => [])
  for (let round = -warmUps; round < rounds; round++) {
    const sums = await oneRound(variants, turns, round + warmUps)
    if (round >= 0) sums.forEach((sum, i) => values[i]!.push(sum / turns))
  }

  print([title, unit, 'quartiles', 'ratio', '95 % sure', ''])
  for (const [i, { name, aim }] of variants.entries()) {
    const value = spread(values[i]!)
    const ratio = spread(values[i]!.map((one, round) => one / values[0]![round]!))
    print([
      `  ${name}`,
      digits(value.median),
      range(value.quartiles),
      i === 0 ? '' : digits(ratio.median),
      i === 0 ? '' : range(ratio.sure),
      aim ? `   ${aim.text}: ${verdict(aim, aim.of === 'ratio' ? ratio : value)}` : '',
    ])
  }
  console.log()
}

/** What each variant measured, added up. Every turn begins with another one: nobody always follows the same. */
const oneRound = async (variants: readonly Variant[], turns: number, round: number): Promise<number[]> => {
  const sums = variants.map(() => 0)
  for (let turn = round * turns; turn < (round + 1) * turns; turn++)
    for (let i = 0; i < variants.length; i++) {
      const next = (i + turn) % variants.length
      sums[next]! += await variants[next]!.measure()
    }
  return sums
}

/** Says nothing where the machine was too restless: another run may then say the opposite. */
const verdict = ({ met }: Aim, { sure: [low, high] }: Spread) =>
  met(low) === met(high) ? (met(low) ? 'met' : 'missed') : 'too close to tell'

const widths = [48, 18, 14, 8, 14]

/** The first column is text and stands left, figures stand right. */
const print = ([first = '', ...figures]: readonly string[]) =>
  console.log(
    [first.padEnd(widths[0]!), ...figures.map((figure, i) => figure.padStart(widths[i + 1] ?? 0))]
      .join('')
      .trimEnd(),
  )

const range = ([low, high]: readonly [number, number]) => `${digits(low)}-${digits(high)}`

const digits = (value: number) => value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)
