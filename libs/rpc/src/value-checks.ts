/** Whether a value keeps a rule for sure. */
export type Check = (value: never) => boolean

/** By the name of a rule, what its own value makes a check of: `maxLen` of 100 is one of texts. */
type Rules = Readonly<Record<string, (rule: never) => Check>>

/** Patterns are the contract's own, and linear. RE2 in JavaScript is slower, the more so the longer the text. */
export const patternOf = (pattern: string): RegExp => {
  let compiled = patterns.get(pattern)
  if (!compiled) patterns.set(pattern, (compiled = new RegExp(pattern, 'u')))
  return compiled
}
const patterns = new Map<string, RegExp>()

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
/** Most of the addresses that protovalidate lets pass, and nothing else. */
const email = /^[\w.+-]+@[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?(?:\.[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?)*$/i

/** At least half of the UTF-16 units, and no more than these. */
const codePoints = (text: string) => Array.from(text).length

const size = (limit: bigint) => Number(limit)
const numbers: Rules = {
  gte: (limit: number | bigint) => (value: number | bigint) => value >= limit,
  lte: (limit: number | bigint) => (value: number | bigint) => value <= limit,
}

/** The rules that are known, by the type of value and their names in buf/validate/validate.proto. */
export const valueChecks: Readonly<Record<string, Rules>> = {
  string: {
    minLen(limit: bigint) {
      const least = size(limit)
      return (text: string) => text.length >= 2 * least || codePoints(text) >= least
    },
    maxLen(limit: bigint) {
      const most = size(limit)
      return (text: string) => text.length <= most || codePoints(text) <= most
    },
    pattern(source: string) {
      const pattern = patternOf(source)
      return (text: string) => pattern.test(text)
    },
    notContains: (part: string) => (text: string) => !text.includes(part),
    in: (all: string[]) => (text: string) => all.includes(text),
    uuid: () => (text: string) => uuid.test(text),
    email: () => (text: string) => email.test(text),
  },
  bytes: {
    minLen: (limit: bigint) => (bytes: Uint8Array) => bytes.length >= limit,
    maxLen: (limit: bigint) => (bytes: Uint8Array) => bytes.length <= limit,
  },
  int32: numbers,
  int64: numbers,
  enum: {
    notIn: (none: number[]) => (value: number) => !none.includes(value),
  },
  repeated: {
    minItems: (limit: bigint) => (items: unknown[]) => items.length >= limit,
    maxItems: (limit: bigint) => (items: unknown[]) => items.length <= limit,
    // Of objects it is not their identity that counts.
    unique: () => (items: unknown[]) =>
      new Set(items).size === items.length && items.every((item) => typeof item !== 'object'),
  },
  map: {
    maxPairs: (limit: bigint) => (map: object) => Object.keys(map).length <= limit,
  },
}
