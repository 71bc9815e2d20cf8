import type { DescMessage, MessageShape } from '@bufbuild/protobuf'
import { pathToString } from '@bufbuild/protobuf/reflect'
import { createValidator } from '@bufbuild/protovalidate'
import { invalidArgument, type RpcError } from './errors.ts'

/** The patterns are the contract's own, and linear. RE2 in JavaScript is slower, the more so the longer the text. */
const patterns = new Map<string, RegExp>()
const validator = createValidator({
  regexMatch(pattern, against) {
    let compiled = patterns.get(pattern)
    if (!compiled) patterns.set(pattern, (compiled = new RegExp(pattern, 'u')))
    return compiled.test(against)
  },
})

/** As many violations as are listed; a hostile request could hold a million. */
const maxViolations = 20

/** INVALID_ARGUMENT with each field that breaks one of its buf.validate rules; undefined where none does. */
export const violations = <Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc>,
): RpcError | undefined => {
  const result = validator.validate(schema, message)
  if (result.kind === 'valid') return undefined
  if (result.kind === 'error') throw result.error
  return invalidArgument(
    result.error.violations.slice(0, maxViolations).map(({ field, message, ruleId }) => ({
      field: pathToString(field),
      description: message,
      reason: ruleId.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_'),
    })),
  )
}
