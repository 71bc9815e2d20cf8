export { certificateFiles, writeIdentity } from './files.ts'
export { createAuthority, issueCertificate, type Identity, type Validity } from './issue.ts'
export { provideCertificates, type Provided, type Wanted } from './provide.ts'
