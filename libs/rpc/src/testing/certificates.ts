import { certificateFiles, createAuthority, issueCertificate, writeIdentity } from '@quartet/certificates'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000)

/** An authority for the tests of one file, and the files it hands out, in folders that `remove` deletes. */
export const testAuthority = async () => {
  const authority = await createAuthority('test authority', { notAfter: inHours(10) })
  const root = mkdtempSync(join(tmpdir(), 'quartet-tls-'))
  return {
    ...authority,
    root,
    remove: () => rmSync(root, { recursive: true }),
    /** A certificate for localhost, and for `name`. */
    issue: (name: string, validity = { notAfter: inHours(1) }) =>
      issueCertificate(authority, [name, 'localhost'], validity),
    /** Puts a new certificate of `name` into its folder, and says what files there are now. */
    async write(name: string) {
      const folder = join(root, name)
      writeIdentity(folder, await this.issue(name), authority.certificate)
      return certificateFiles(folder)
    },
  }
}
