export { access } from './access.ts'
export { remoteKeys } from './remote-keys.ts'
export { hasRole, isService, isUser, permit } from './permit.ts'
export { algorithm, audience, createVerify, issuer, type Verify } from './verify.ts'
