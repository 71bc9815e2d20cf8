export { describeWith } from './describe-with.ts'
export { testIdentity, type TestIdentity } from './identity.ts'
export { testDatabase } from './database.ts'
export { failure, metadata, testServer } from './server.ts'
