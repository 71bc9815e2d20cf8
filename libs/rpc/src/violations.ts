import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { DescMessage, MessageShape } from '@bufbuild/protobuf'
import { pathToString } from '@bufbuild/protobuf/reflect'
import type { createValidator } from '@bufbuild/protovalidate'
import { invalidArgument, type RpcError } from './errors.ts'
import { isKnownValid } from './known-valid.ts'
import { patternOf } from './value-checks.ts'

type Validator = ReturnType<typeof createValidator>
let validator: Validator | undefined

/**
 * Knows every rule, and is made when a request first needs it: to load its expression language and to compile the rules takes
 * as long as everything else that a service does before its first answer.
 */
const fullValidator = (): Validator => {
  const require = createRequire(import.meta.url)
  // By its path: by its name `require` finds the CommonJS build, with another copy of protobuf-es.
  const path = fileURLToPath(import.meta.resolve('@bufbuild/protovalidate'))
  const { createValidator } = require(path) as typeof import('@bufbuild/protovalidate')
  return createValidator({ regexMatch: (pattern, against) => patternOf(pattern).test(against) })
}

/** As many violations as are listed; a hostile request could hold a million. */
const maxViolations = 20

/** INVALID_ARGUMENT with each field that breaks one of its buf.validate rules; undefined where none does. */
export const violations = <Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc>,
): RpcError | undefined => {
  if (isKnownValid(schema, message)) return undefined
  const result = (validator ??= fullValidator()).validate(schema, message)
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
