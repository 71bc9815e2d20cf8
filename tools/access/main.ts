import { readFileSync } from 'node:fs'
import { descriptorSetPath } from '@quartet/proto/descriptor-set'
import { baseCommit, contractAt, decisionsSince } from './base.ts'
import { compareRules, describeRule, unexplained } from './compare.ts'
import { readRules } from './rules.ts'

// Prints whom the contract lets in that it did not on the base branch, or no longer does (`npm run access`, part of
// `npm run check`). Fails when a method was opened to somebody and no page in docs/decisions that came with it says why.
const commit = baseCommit([process.argv[2] ?? 'origin/main', 'main'])
if (!commit) {
  console.log('Access rules: there is no base branch here to compare with (npm run access -- <branch>).')
} else {
  const differences = compareRules(readRules(contractAt(commit)), readRules(readFileSync(descriptorSetPath)))
  console.log(`Access rules, compared with ${commit.slice(0, 12)}: ${differences.length || 'no'} differences`)
  for (const { method, before, after, widens } of differences) {
    const change = [before, after].map((rule) => (rule ? describeRule(rule) : 'not there')).join(' → ')
    console.log(`  ${widens ? 'wider  ' : '       '} ${method}: ${change}`)
  }
  const left = unexplained(differences, decisionsSince(commit))
  if (left.length > 0) {
    const names = left.map(({ method }) => method.slice(method.lastIndexOf('.') + 1).replace('/', '.'))
    console.error(`A page in docs/decisions must say why more may call ${names.join(', ')}, by that name.`)
    process.exitCode = 1
  }
}
