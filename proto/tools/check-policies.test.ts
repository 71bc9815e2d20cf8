import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFileRegistry, fromBinary } from '@bufbuild/protobuf'
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import { policyMistakes } from './check-policies.ts'
import { proto, run } from './run.ts'

const method = (name: string, policy = '') => `rpc ${name}(Request) returns (Request) { ${policy} }`
const policy = (fields: string) => `option (quartet.contract.v1.policy) = { ${fields} };`

function mistakesOf(...methods: string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'quartet-policies-'))
  try {
    cpSync(join(proto, 'quartet/contract'), join(folder, 'quartet/contract'), { recursive: true })
    writeFileSync(
      join(folder, 'lab.proto'),
      `syntax = "proto3";
       package quartet.lab.v1;
       import "quartet/contract/v1/contract.proto";
       message Request { string key = 1; int32 number = 2; }
       service LabService { ${methods.join('\n')} }`,
    )
    run('buf', ['build', folder, '-o', join(folder, 'lab.binpb')])
    const set = fromBinary(FileDescriptorSetSchema, readFileSync(join(folder, 'lab.binpb')))
    return policyMistakes(createFileRegistry(set))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('a policy that can be enforced has no mistakes', () => {
  const complete = 'people: PEOPLE_ADMIN services: ["order"] timeout: { nanos: 1 } idempotency_key: "key"'
  expect(mistakesOf(method('Fine', policy(complete)))).toEqual([])
})

test('names each method with what is wrong with it', () => {
  const mistakes = mistakesOf(
    method('Silent'),
    method('Empty', policy('')),
    method('Endless', policy('people: PEOPLE_ADMIN timeout: {}')),
    method('Stranger', policy('people: PEOPLE_NOBODY services: ["orders"] timeout: { seconds: 5 }')),
    method('NoKey', policy('people: PEOPLE_ADMIN timeout: { seconds: 5 } idempotency_key: "kee"')),
    method('NumberKey', policy('people: PEOPLE_ADMIN timeout: { seconds: 5 } idempotency_key: "number"')),
  )
  expect(mistakes).toEqual([
    'quartet.lab.v1.LabService/Silent has no (quartet.contract.v1.policy)',
    'quartet.lab.v1.LabService/Empty does not say which people may call, has no timeout',
    'quartet.lab.v1.LabService/Endless has no timeout',
    'quartet.lab.v1.LabService/Stranger opens itself to "orders", which is none of user, order, upload, chat',
    'quartet.lab.v1.LabService/NoKey has the idempotency_key "kee", which is no string field of Request',
    'quartet.lab.v1.LabService/NumberKey has the idempotency_key "number", which is no string field of Request',
  ])
})
