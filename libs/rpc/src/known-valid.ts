import { getOption, isFieldSet, type DescField, type DescMessage, type Message } from '@bufbuild/protobuf'
import { FeatureSet_FieldPresence as Presence, isWrapperDesc } from '@bufbuild/protobuf/wkt'
import {
  field as fieldOption,
  FieldRulesSchema,
  Ignore,
  message as messageOption,
  MessageRulesSchema,
  oneof as oneofOption,
  type FieldRules,
} from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js'
import { valueChecks, type Check } from './value-checks.ts'

/**
 * Whether a message keeps all its buf.validate rules, as far as plain comparisons can tell; nearly every request does. False
 * says nothing: it breaks a rule, or there is one that only protovalidate can judge, which knows them all.
 */
export const isKnownValid = (schema: DescMessage, message: Message): boolean =>
  messageCheck(schema)(message as never)

const anything: Check = () => true
const unknown: Check = () => false

const all = (parts: readonly Check[]): Check => {
  const checks = parts.filter((check) => check !== anything)
  if (checks.includes(unknown)) return unknown
  return checks.length ? (value) => checks.every((check) => check(value)) : anything
}

const known = new WeakMap<DescMessage, Check>()

const messageCheck = (schema: DescMessage): Check => {
  let check = known.get(schema)
  if (!check) {
    // For a message that contains itself: looked up when it is needed.
    known.set(schema, (message) => known.get(schema)!(message))
    known.set(schema, (check = checkOfMessage(schema)))
  }
  return check
}

const checkOfMessage = (schema: DescMessage): Check => {
  // To protobuf-es these are no messages, in most places; Google gave them no rules.
  if (isWrapperDesc(schema) || schema.typeName === 'google.protobuf.Struct') return anything
  if (rulesIn(MessageRulesSchema, getOption(schema, messageOption)).length) return unknown
  const required = schema.oneofs.filter((oneof) => getOption(oneof, oneofOption).required)
  return all([
    ...required.map(
      ({ localName }): Check =>
        (message: Record<string, { case?: string }>) =>
          message[localName]!.case !== undefined,
    ),
    ...schema.fields.map(checkOfField),
  ])
}

const checkOfField = (field: DescField): Check => {
  const rules = getOption(field, fieldOption)
  if (rules.ignore === Ignore.ALWAYS) return anything
  const check = checkOfValue(field, field.fieldKind, rules)
  if (check === anything && !rules.required) return anything
  // What is not there has no value to check, except where nothing and the default are the same.
  const checkUnset = field.presence === Presence.IMPLICIT && rules.ignore === Ignore.UNSPECIFIED
  const { localName, oneof } = field
  return (message: Record<string, unknown>) => {
    if (!isFieldSet(message as never, field)) {
      if (rules.required) return false
      if (!checkUnset) return true
    }
    const value = oneof ? (message[oneof.localName] as { value: unknown }).value : message[localName]
    return check(value as never)
  }
}

/** The check of the value in a field, or of one item, key or value where it holds many. */
const checkOfValue = (field: DescField, kind: DescField['fieldKind'], rules?: FieldRules): Check => {
  if (rules?.ignore === Ignore.ALWAYS) return anything
  const { case: type, value: typed } = rules?.type ?? {}
  const others = rulesIn(FieldRulesSchema, rules).filter(
    ([name]) => name !== type && name !== 'required' && name !== 'ignore',
  )
  if (others.length) return unknown
  const checks = type
    ? rulesIn(FieldRulesSchema.field[type].message!, typed).map(([name, rule]) =>
        checkOfRule(field, type, name, rule),
      )
    : []
  if (kind === 'message') checks.push(messageCheck(field.message!))
  if (kind === 'list' && field.fieldKind === 'list') {
    const item = checkOfValue(field, field.listKind, type === 'repeated' ? typed!.items : undefined)
    if (item !== anything) checks.push((items: never[]) => items.every((one) => item(one)))
  }
  if (kind === 'map' && field.fieldKind === 'map') {
    const { keys, values } = type === 'map' ? typed! : {}
    const key = checkOfValue(field, 'scalar', keys)
    const value = checkOfValue(field, field.mapKind, values)
    checks.push((pairs: Record<string, never>) =>
      Object.entries(pairs).every(([name, one]) => key(name as never) && value(one)),
    )
  }
  return all(checks)
}

/** @param name of the rule, by its type: `maxLen` of `string`. */
const checkOfRule = (field: DescField, type: string, name: string, rule: unknown): Check => {
  if (rule === false || name === 'items' || name === 'keys' || name === 'values') return anything
  if (type === 'enum' && name === 'definedOnly') {
    const defined = new Set(field.enum!.values.map(({ number }) => number))
    return (value: number) => defined.has(value)
  }
  return valueChecks[type]?.[name]?.(rule as never) ?? unknown
}

/** The names and values of the rules that are set. One that has no name here is there by its number. */
const rulesIn = (schema: DescMessage, rules: Message | undefined): [name: string, rule: unknown][] => {
  if (!rules) return []
  const values = rules as unknown as Record<string, unknown>
  const named = schema.fields
    .filter((field) => isFieldSet(rules, field))
    .map(({ localName, oneof }): [string, unknown] => [
      localName,
      oneof ? (values[oneof.localName] as { value: unknown }).value : values[localName],
    ])
  return [...named, ...(rules.$unknown ?? []).map(({ no }): [string, unknown] => [String(no), undefined])]
}
