import 'reflect-metadata' // @peculiar/x509 needs it, and brings none
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import { createPrivateKey, KeyObject, webcrypto } from 'node:crypto'
import { isIP } from 'node:net'

/** A certificate and its private key, as PEM. */
export interface Identity {
  readonly certificate: string
  readonly key: string
}

/** When a certificate is valid. */
export interface Validity {
  /** Five minutes ago unless given, for peers whose clock is behind. */
  readonly notBefore?: Date
  readonly notAfter: Date
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/** A certificate authority of one's own: it signs certificates of servers and clients, and no other authorities. */
export const createAuthority = async (name: string, validity: Validity): Promise<Identity> => {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...dates(validity),
    name: [{ CN: [name] }],
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return identity(certificate, keys)
}

/**
 * A certificate for one process, as a server and as a client, signed by `authority`. `names` are the DNS names and IP
 * addresses that its callers may know it by; the first one is its name.
 */
export const issueCertificate = async (
  authority: Identity,
  names: readonly [string, ...string[]],
  validity: Validity,
): Promise<Identity> => {
  const issuer = new X509Certificate(authority.certificate)
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await X509CertificateGenerator.create({
    ...dates(validity),
    subject: [{ CN: [names[0]] }],
    issuer: issuer.subjectName,
    publicKey: keys.publicKey,
    signingKey: createPrivateKey(authority.key).toCryptoKey(algorithm, false, ['sign']),
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
      new SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) ? ('ip' as const) : ('dns' as const), value })),
      ),
      await AuthorityKeyIdentifierExtension.create(issuer),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return identity(certificate, keys)
}

const dates = ({ notBefore = new Date(Date.now() - 5 * 60_000), notAfter }: Validity) => ({
  notBefore,
  notAfter,
})

const identity = (certificate: X509Certificate, { privateKey }: webcrypto.CryptoKeyPair): Identity => ({
  certificate: `${certificate.toString('pem')}\n`,
  key: KeyObject.from(privateKey).export({ type: 'pkcs8', format: 'pem' }) as string,
})
