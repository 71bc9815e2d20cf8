import { createPrivateKey } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createAuthority } from '@quartet/certificates'
import { inHours, testAuthority } from '../testing/certificates.ts'
import { readCertificates } from './certificates.ts'

let authority: Awaited<ReturnType<typeof testAuthority>>
beforeAll(async () => {
  authority = await testAuthority()
})
afterAll(() => authority.remove())

const put = (name: string, content: string | Buffer) => {
  const file = join(authority.root, name)
  writeFileSync(file, content)
  return file
}
const expired = { notBefore: inHours(-2), notAfter: inHours(-1) }

test('what belongs together is read, intermediates and several authorities included', async () => {
  const files = await authority.write('good')
  const { certificate } = await authority.issue('another')
  const old = await createAuthority('old authority', expired)
  const chain = put('chain.pem', String((await readCertificates(files)).certificate) + certificate)
  const bundle = put('bundle.pem', old.certificate + authority.certificate)
  const read = await readCertificates({ ...files, certificate: chain, authority: bundle })
  expect(read.validTo.getTime()).toBeGreaterThan(Date.now())
  expect(String(read.authority)).toContain(authority.certificate)
  expect(await readCertificates({ ...files, authority: undefined })).not.toHaveProperty('authority')
})

test.each<[string, () => Promise<object> | object, RegExp]>([
  [
    'a certificate that is missing',
    () => ({ certificate: '/nowhere/tls.crt' }),
    /^the certificate \/nowhere\/tls.crt cannot be read \(ENOENT\)$/,
  ],
  [
    'a key that is missing',
    () => ({ key: '/nowhere/tls.key' }),
    /^the key \/nowhere\/tls.key cannot be read \(ENOENT\)$/,
  ],
  [
    'an authority that is a folder',
    () => ({ authority: authority.root }),
    /^the authority .* cannot be read \(EISDIR\)$/,
  ],
  ['an empty certificate', () => ({ certificate: put('empty', '') }), /empty has no certificate in PEM/],
  [
    'a certificate in DER',
    async () => ({ certificate: put('x.der', Buffer.from([0x30, 0x82, 0xff])) }),
    /x.der has no certificate in PEM/,
  ],
  [
    'a damaged certificate',
    async () => ({
      certificate: put('cut', (await authority.issue('x')).certificate.replace(/\n.{20}/, '\n')),
    }),
    /cut has a damaged certificate/,
  ],
  [
    'a certificate where the key should be',
    async () => ({ key: put('swapped', (await authority.issue('x')).certificate) }),
    /swapped is no private key in PEM/,
  ],
  [
    'an encrypted key',
    async () => ({
      key: put(
        'secret.key',
        createPrivateKey((await authority.issue('x')).key).export({
          format: 'pem',
          type: 'pkcs8',
          cipher: 'aes-256-cbc',
          passphrase: 'x',
        }) as string,
      ),
    }),
    /secret.key is encrypted/,
  ],
  [
    'the key of another certificate',
    async () => ({ key: put('other.key', (await authority.issue('x')).key) }),
    /^the key .*other.key does not belong to the certificate .*tls.crt$/,
  ],
  [
    'a certificate that has ended',
    async () => ({ certificate: put('old', (await authority.issue('x', expired)).certificate) }),
    /^the certificate .*old expired at \d{4}-/,
  ],
  [
    'a certificate that has not begun',
    async () => {
      const future = { notBefore: inHours(1), notAfter: inHours(2) }
      return { certificate: put('future', (await authority.issue('x', future)).certificate) }
    },
    /^the certificate .*future is not valid before \d{4}-.*: is the clock right\?$/,
  ],
  [
    'authorities that are none',
    () => ({ authority: put('none', 'nothing') }),
    /none has no certificate in PEM/,
  ],
  [
    'authorities that have all ended',
    async () => ({ authority: put('past', (await createAuthority('past', expired)).certificate) }),
    /^every authority in .*past has expired$/,
  ],
])('%s is refused in one line', async (_, change, message) => {
  const files = { ...(await authority.write('good')), ...(await change()) }
  const error: Error = await readCertificates(files).catch((error) => error)
  expect(error.message).toMatch(message)
  expect(error.message).not.toMatch(/\n|PRIVATE/)
})
