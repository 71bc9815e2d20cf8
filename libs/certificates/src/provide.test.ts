import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { certificateFiles, provideCertificates } from './index.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'quartet-certificates-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const wanted = [{ name: 'user', alsoKnownAs: ['localhost', '127.0.0.1'] }, { name: 'envoy' }]
const provide = (options: Partial<Parameters<typeof provideCertificates>[0]> = {}) =>
  provideCertificates({ directory, wanted, ...options })
const issued = async (options: Parameters<typeof provide>[0] = {}) =>
  (await provide(options)).filter(({ issued }) => issued).map(({ name }) => name)
const files = (name: string) => certificateFiles(join(directory, name))
const certificate = (name: string) => new X509Certificate(readFileSync(files(name).certificate))

test('each process gets files of its own, which only its owner may read', async () => {
  expect(await issued()).toEqual(['user', 'envoy'])
  expect(certificate('user').subjectAltName).toBe('DNS:user, DNS:localhost, IP Address:127.0.0.1')
  expect(certificate('envoy').subjectAltName).toBe('DNS:envoy')
  for (const file of Object.values(files('user'))) expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(readFileSync(files('user').authority, 'utf8')).toBe(readFileSync(files('ca').certificate, 'utf8'))
})

test('what is good is kept, what is asked for again is issued again by the same authority', async () => {
  await provide()
  expect(await issued()).toEqual([])
  const authority = certificate('ca')
  expect(await issued({ renew: true })).toEqual(['user', 'envoy'])
  expect(certificate('ca').fingerprint256).toBe(authority.fingerprint256)
  expect(certificate('user').checkIssued(authority)).toBe(true)
})

test.each<[string, () => unknown, string[]]>([
  ['other names', () => provide({ wanted: [{ name: 'user' }, { name: 'envoy' }] }), ['user']],
  // The clock is set back five minutes at the start of a certificate: these ten seconds are the last of its life.
  ['an end that is near', () => provide({ days: 10 / 86_400, renew: true }), ['user', 'envoy']],
  ['a damaged certificate', () => writeFileSync(files('envoy').certificate, 'nonsense'), ['envoy']],
  ["another one's key", () => writeFileSync(files('envoy').key, readFileSync(files('user').key)), ['envoy']],
  ['a lost file', () => rmSync(files('user').authority), ['user']],
  ['a lost authority', () => rmSync(join(directory, 'ca'), { recursive: true }), ['user', 'envoy']],
])('%s: it is issued again', async (_, happens, expected) => {
  await provide()
  await happens()
  expect(await issued()).toEqual(expected)
  expect(await issued()).toEqual([])
})
