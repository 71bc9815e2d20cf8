import { certificateFiles, createAuthority, issueCertificate, writeIdentity } from '@quartet/certificates'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { tlsOf } from './tls.ts'

const folder = mkdtempSync(join(tmpdir(), 'quartet-tls-'))
const files = certificateFiles(folder)
beforeAll(async () => {
  const notAfter = new Date(Date.now() + 3_600_000)
  const authority = await createAuthority('test authority', { notAfter })
  writeIdentity(folder, await issueCertificate(authority, ['user'], { notAfter }), authority.certificate)
})
afterAll(() => rmSync(folder, { recursive: true }))

const none = { TLS_CERT_FILE: '', TLS_KEY_FILE: '', TLS_CA_FILE: '' }
const pair = { ...none, TLS_CERT_FILE: files.certificate, TLS_KEY_FILE: files.key }
const load = (config: typeof none) => tlsOf(config, pino({ level: 'silent' }))

test('nothing named is plaintext; a certificate and its key are TLS, with and without an authority', async () => {
  expect(await load(none)).toBeUndefined()
  for (const config of [pair, { ...pair, TLS_CA_FILE: files.authority }]) {
    const tls = (await load(config))!
    expect(tls.server._isSecure()).toBe(true)
    expect(tls.channel._isSecure()).toBe(true)
    tls.stop()
  }
})

test.each<[string, () => typeof none, RegExp]>([
  [
    'a certificate alone',
    () => ({ ...none, TLS_CERT_FILE: files.certificate }),
    /^TLS_KEY_FILE is missing: /,
  ],
  ['a key alone', () => ({ ...none, TLS_KEY_FILE: files.key }), /^TLS_CERT_FILE is missing: /],
  ['an authority alone', () => ({ ...none, TLS_CA_FILE: files.authority }), /^TLS_CERT_FILE is missing: /],
  [
    'a file that is not there',
    () => ({ ...pair, TLS_CA_FILE: '/nowhere' }),
    /^TLS: the authority \/nowhere cannot be read \(ENOENT\)\. See docs\/tls\.md$/,
  ],
  [
    'a file that is something else',
    () => {
      writeFileSync(join(folder, 'other'), 'nonsense')
      return { ...pair, TLS_CERT_FILE: join(folder, 'other') }
    },
    /^TLS: .*other has no certificate in PEM .*\. See docs\/tls\.md$/,
  ],
])('%s is refused in one line that says what to do', async (_, config, message) => {
  await expect(load(config())).rejects.toThrow(message)
})
