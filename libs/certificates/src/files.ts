import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Identity } from './issue.ts'

/** Where a process finds what TLS needs, named as Kubernetes names them in a Secret of the type kubernetes.io/tls. */
export const certificateFiles = (folder: string) => ({
  certificate: join(folder, 'tls.crt'),
  key: join(folder, 'tls.key'),
  authority: join(folder, 'ca.crt'),
})

/** Writes the files of one process. Who watches the folder sees each of them whole, the key before its certificate. */
export const writeIdentity = (folder: string, { certificate, key }: Identity, authority: string): void => {
  const files = certificateFiles(folder)
  mkdirSync(folder, { recursive: true })
  replace(files.authority, authority)
  replace(files.key, key)
  replace(files.certificate, certificate)
}

/** What `writeIdentity` has written; undefined where a file is missing. */
export const readIdentity = (folder: string): (Identity & { authority: string }) | undefined => {
  const files = certificateFiles(folder)
  try {
    const read = (file: string) => readFileSync(file, 'utf8')
    return { certificate: read(files.certificate), key: read(files.key), authority: read(files.authority) }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Only its owner may read any of them: one mode for all is one mistake less. */
const replace = (file: string, content: string) => {
  const draft = `${file}.${randomUUID()}`
  writeFileSync(draft, content, { mode: 0o600 })
  renameSync(draft, file)
}
