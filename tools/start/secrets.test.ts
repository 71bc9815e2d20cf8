import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { provideSecrets, secretVariables } from './secrets.ts'
import { fakeService } from './testing/fake-service.ts'

const directory = mkdtempSync(join(tmpdir(), 'quartet-secrets-'))
afterAll(() => rmSync(directory, { recursive: true }))

test('each service has a secret of its own, made once, which only the owner may read', async () => {
  const services = [fakeService('user'), fakeService('order')]
  const files = () =>
    services.flatMap((service) => {
      const { QUARTET_SERVICE_SECRET_FILE, QUARTET_KEY_SECRET_FILE } = secretVariables(directory, service)
      return [QUARTET_SERVICE_SECRET_FILE!, QUARTET_KEY_SECRET_FILE!]
    })
  await provideSecrets(directory, services)
  const first = files().map((file) => readFileSync(file, 'utf8'))
  await provideSecrets(directory, services)
  expect(files().map((file) => readFileSync(file, 'utf8'))).toEqual(first)

  expect(first).toEqual(first.map(() => expect.stringMatching(/^[\w-]{43}$/)))
  expect(new Set(first).size).toBe(3) // theirs, and the one of the keys
  expect(files().map((file) => statSync(file).mode & 0o777)).toEqual(first.map(() => 0o600))
  expect(statSync(join(directory, 'secrets')).mode & 0o777).toBe(0o700)
})
