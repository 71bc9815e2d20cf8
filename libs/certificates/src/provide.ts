import { createPrivateKey, X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { readIdentity, writeIdentity } from './files.ts'
import { createAuthority, issueCertificate, type Identity } from './issue.ts'

/** A process that gets a certificate: the name of its folder, and the first of the names that it is known by. */
export interface Wanted {
  readonly name: string
  /** DNS names and IP addresses besides. */
  readonly alsoKnownAs?: readonly string[]
}

export interface Provided {
  readonly name: string
  /** Whether this run issued it. */
  readonly issued: boolean
  readonly notAfter: Date
}

const dayMs = 86_400_000
const authorityDays = 3650

/**
 * A local authority (`ca/`) and a certificate signed by it for each of `wanted` (`<name>/`), below `directory`. What is
 * there is kept until two thirds of its life are over, or its names have changed; `renew` issues all certificates again.
 *
 * The authority's key lies beside its certificate: good enough for one developer's machine, and for nothing else.
 */
export const provideCertificates = async ({
  directory,
  wanted,
  days = 90,
  renew = false,
}: {
  directory: string
  wanted: readonly Wanted[]
  /** How long a certificate lives; a fraction for tests. */
  days?: number | undefined
  renew?: boolean | undefined
}): Promise<Provided[]> => {
  const authority = await provideAuthority(join(directory, 'ca'))
  return Promise.all(
    wanted.map(async ({ name, alsoKnownAs = [] }): Promise<Provided> => {
      const folder = join(directory, name)
      const names = [name, ...alsoKnownAs] as const
      const known = readIdentity(folder)
      const keep = !renew && known?.authority === authority.certificate && isGood(known, authority, names)
      const current = keep
        ? known
        : await issueCertificate(authority, names, { notAfter: new Date(Date.now() + days * dayMs) })
      if (!keep) writeIdentity(folder, current, authority.certificate)
      return { name, issued: !keep, notAfter: new X509Certificate(current.certificate).validToDate }
    }),
  )
}

const provideAuthority = async (folder: string): Promise<Identity> => {
  const known = readIdentity(folder)
  if (known && isGood(known, known)) return known
  const authority = await createAuthority('Quartet local authority', {
    notAfter: new Date(Date.now() + authorityDays * dayMs),
  })
  writeIdentity(folder, authority, authority.certificate)
  return authority
}

/** Whether `identity` is whole, signed by `authority`, for these names, and has a third of its life ahead. */
const isGood = (identity: Identity, authority: Identity, names: readonly string[] = []): boolean => {
  try {
    const certificate = new X509Certificate(identity.certificate)
    const left = certificate.validToDate.getTime() - Date.now()
    const life = certificate.validToDate.getTime() - certificate.validFromDate.getTime()
    const issuer = new X509Certificate(authority.certificate)
    const known = certificate.subjectAltName
      ?.split(', ')
      .map((name) => name.replace(/^(DNS|IP Address):/, ''))
    return (
      left > life / 3 &&
      certificate.checkPrivateKey(createPrivateKey(identity.key)) &&
      certificate.checkIssued(issuer) &&
      certificate.verify(issuer.publicKey) &&
      String(known ?? []) === String(names)
    )
  } catch {
    return false // damaged: made anew
  }
}
