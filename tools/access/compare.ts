import { People } from '@quartet/proto/contract'
import type { Rule, Rules } from './rules.ts'

/** A method whose rule is another one than before. */
export interface Difference {
  readonly method: string
  /** Undefined: it was not there. */
  readonly before: Rule | undefined
  /** Undefined: it is gone. */
  readonly after: Rule | undefined
  /** Whether somebody gets in who did not before. What is new lets nobody in who was kept out of it. */
  readonly widens: boolean
}

export const compareRules = (before: Rules, after: Rules): Difference[] =>
  [...new Set([...before.keys(), ...after.keys()])].toSorted().flatMap((method) => {
    const [was, is] = [before.get(method), after.get(method)]
    if (was && is && describeRule(was) === describeRule(is)) return []
    return [{ method, before: was, after: is, widens: Boolean(was && is && isWider(was, is)) }]
  })

/** Each value with those whom it lets in, the fewest first. */
const order = [
  People.UNSPECIFIED,
  People.NOBODY,
  People.ADMIN,
  People.EDITOR,
  People.SIGNED_IN,
  People.EVERYBODY,
]

const isWider = (was: Rule, is: Rule): boolean =>
  order.indexOf(is.people) > order.indexOf(was.people) ||
  // What everybody may call, services may.
  (was.people !== People.EVERYBODY && is.services.some((name) => !was.services.includes(name)))

const words: Record<People, string> = {
  [People.UNSPECIFIED]: 'nobody',
  [People.NOBODY]: 'nobody',
  [People.EVERYBODY]: 'everybody',
  [People.SIGNED_IN]: 'signed in',
  [People.EDITOR]: 'editors',
  [People.ADMIN]: 'administrators',
}

/** "editors; services chat, order" */
export const describeRule = ({ people, services }: Rule): string =>
  [words[people], ...(services.length ? [`services ${services.toSorted().join(', ')}`] : [])].join('; ')

/** The widenings that none of the pages names, as "UserService.GetUser" or by the whole name. */
export const unexplained = (differences: readonly Difference[], pages: readonly string[]): Difference[] =>
  differences.filter(({ method, widens }) => {
    const short = method.slice(method.lastIndexOf('.') + 1).replace('/', '.')
    return widens && !pages.some((page) => page.includes(short) || page.includes(method))
  })
