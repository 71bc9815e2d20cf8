import { planFor } from './changes.ts'

const services = ['user', 'order']

test.each([
  ['services/user/src/main.ts', false, ['user']],
  ['services/user/prisma/schema.prisma', true, ['user']],
  ['services/user/prisma/migrations/1/migration.sql', false, ['user']],
  ['services/removed/src/main.ts', false, []],
  ['libs/rpc/src/server.ts', false, ['user', 'order']],
  ['libs/testing/src/database.ts', false, []],
  ['proto/quartet/user/v1/user.proto', true, ['user', 'order', 'envoy']],
  ['envoy/envoy.yaml', false, ['envoy']],
  ['tools/envoy/routes.ts', false, ['envoy']],
])('%s', (file, generate, restart) => {
  expect(planFor([file], services)).toEqual({ generate, restart: new Set(restart) })
})

test('what several files ask for is done once', () => {
  const files = ['libs/rpc/src/server.ts', 'services/user/src/main.ts', 'proto/a.proto']
  expect(planFor(files, services)).toEqual({ generate: true, restart: new Set(['user', 'order', 'envoy']) })
})
