import { UserService } from '@quartet/proto/user'
import { serviceConfig } from './service-config.ts'

test('times have nine decimals, without which grpc-js reads "0.05s" as 5 ns', () => {
  const { methodConfig } = serviceConfig(UserService)
  const times = methodConfig.flatMap(({ retryPolicy: { initialBackoff, maxBackoff } }) => [
    initialBackoff,
    maxBackoff,
  ])
  expect(times.length).toBeGreaterThan(0)
  for (const time of times) expect(time).toMatch(/^\d+\.\d{9}s$/)
})

test('only what may run twice is retried', () => {
  const retried = serviceConfig(UserService).methodConfig.map(({ name }) => name[0]!.method)
  expect(retried).toEqual(expect.arrayContaining(['GetUser', 'ListUsers', 'CreateUser']))
  expect(retried).not.toContain('DeleteUser')
})
