import { readFileSync } from 'node:fs'
import { People } from '@quartet/proto/contract'
import { descriptorSetPath } from '@quartet/proto/descriptor-set'
import { compareRules, describeRule, unexplained } from './compare.ts'
import { readRules, type Rule } from './rules.ts'

const method = 'quartet.user.v1.UserService/GetUser'
const rule = (people: People, ...services: string[]): Rule => ({ people, services })
const rules = (one?: Rule) => new Map(one ? [[method, one]] : [])

test.each<[string, Rule | undefined, Rule | undefined, boolean | undefined]>([
  ['the same', rule(People.EDITOR, 'chat', 'order'), rule(People.EDITOR, 'order', 'chat'), undefined],
  ['more people', rule(People.EDITOR), rule(People.SIGNED_IN), true],
  ['fewer people', rule(People.SIGNED_IN), rule(People.ADMIN), false],
  ['one more service', rule(People.EDITOR, 'chat'), rule(People.EDITOR, 'chat', 'order'), true],
  ['one service for another', rule(People.EDITOR, 'chat'), rule(People.EDITOR, 'order'), true],
  ['fewer people, but a service', rule(People.SIGNED_IN), rule(People.NOBODY, 'order'), true],
  ['a service where everybody may', rule(People.EVERYBODY), rule(People.EVERYBODY, 'order'), false],
  ['a new method', undefined, rule(People.EVERYBODY), false],
  ['a method that is gone', rule(People.ADMIN), undefined, false],
])('%s', (_, before, after, widens) => {
  expect(compareRules(rules(before), rules(after)).map((one) => one.widens)).toEqual(
    widens === undefined ? [] : [widens],
  )
})

test('a widening is explained by a page that names it', () => {
  const wider = compareRules(rules(rule(People.ADMIN)), rules(rule(People.EDITOR)))
  expect(unexplained(wider, ['GetUser is fine'])).toEqual(wider)
  expect(unexplained(wider, ['Why UserService.GetUser is open to editors'])).toEqual([])
  expect(unexplained(wider, [`about ${method}`])).toEqual([])
  const narrower = compareRules(rules(rule(People.EDITOR)), rules(rule(People.ADMIN)))
  expect(unexplained(narrower, [])).toEqual([])
})

test('the rules are those of the contract', () => {
  const all = readRules(readFileSync(descriptorSetPath))
  expect(describeRule(all.get(method)!)).toBe('signed in; services chat, order')
  expect(describeRule(all.get('quartet.metrics.v1.MetricsService/WatchProcessMetrics')!)).toBe(
    'nobody; services chat, order, upload, user',
  )
})
