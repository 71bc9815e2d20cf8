import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'

/** Where a process finds what TLS needs, all of it as PEM. */
export interface CertificateFiles {
  /** Its own certificate, for servers and as a client; those of intermediate authorities may follow it. */
  readonly certificate: string
  readonly key: string
  /**
   * The authorities that peers are signed by. With it clients must bring a certificate; without it they need none, and
   * servers that are called are checked against the authorities that Node knows.
   */
  readonly authority?: string | undefined
}

/** The content of the files, which belongs together and can be used now. */
export interface Certificates {
  readonly certificate: Buffer
  readonly key: Buffer
  readonly authority?: Buffer
  /** When the process's own certificate is valid. */
  readonly validFrom: Date
  readonly validTo: Date
}

/**
 * Reads the files and checks all that would otherwise show as a failing call somewhere else.
 * @throws Error of one line that names the file and what is wrong with it.
 */
export const readCertificates = async (files: CertificateFiles): Promise<Certificates> => {
  const certificate = await read('certificate', files.certificate)
  const key = await read('key', files.key)
  const own = certificatesIn(files.certificate, certificate)[0]!
  assertValidNow(files.certificate, own)
  if (!own.checkPrivateKey(privateKey(files.key, key)))
    throw new Error(`the key ${files.key} does not belong to the certificate ${files.certificate}`)

  const authority = files.authority ? await read('authority', files.authority) : undefined
  if (authority) assertSomeValid(files.authority!, certificatesIn(files.authority!, authority))
  try {
    createSecureContext({ cert: certificate, key, ca: authority })
  } catch (cause) {
    throw new Error(`TLS cannot use ${files.certificate}: ${(cause as Error).message}`, { cause })
  }
  return {
    certificate,
    key,
    ...(authority && { authority }),
    validFrom: own.validFromDate,
    validTo: own.validToDate,
  }
}

const read = async (what: string, file: string): Promise<Buffer> => {
  try {
    return await readFile(file)
  } catch (cause) {
    throw new Error(`the ${what} ${file} cannot be read (${(cause as NodeJS.ErrnoException).code})`, {
      cause,
    })
  }
}

/** All certificates of a file, at least one. */
const certificatesIn = (file: string, content: Buffer): X509Certificate[] => {
  const blocks = String(content).match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g)
  if (!blocks) throw new Error(`${file} has no certificate in PEM (-----BEGIN CERTIFICATE-----)`)
  try {
    return blocks.map((block) => new X509Certificate(block))
  } catch (cause) {
    throw new Error(`${file} has a damaged certificate`, { cause })
  }
}

const privateKey = (file: string, content: Buffer) => {
  try {
    return createPrivateKey(content)
  } catch (cause) {
    const encrypted = String(content).includes('ENCRYPTED')
    throw new Error(`${file} ${encrypted ? 'is encrypted' : 'is no private key in PEM'}`, { cause })
  }
}

const assertValidNow = (file: string, { validFromDate, validToDate }: X509Certificate) => {
  if (validToDate.getTime() < Date.now())
    throw new Error(`the certificate ${file} expired at ${validToDate.toISOString()}`)
  if (validFromDate.getTime() > Date.now())
    throw new Error(
      `the certificate ${file} is not valid before ${validFromDate.toISOString()}: is the clock right?`,
    )
}

/** A bundle may keep an authority that has ended, as long as there is one that has not. */
const assertSomeValid = (file: string, authorities: X509Certificate[]) => {
  if (authorities.every(({ validToDate }) => validToDate.getTime() < Date.now()))
    throw new Error(`every authority in ${file} has expired`)
}
