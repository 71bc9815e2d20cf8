import { status } from '@grpc/grpc-js'
import { AuthService } from '@quartet/proto/auth'
import { UserService } from '@quartet/proto/user'
import { examplesOf } from '@quartet/testing'

const ada = {
  name: 'Ada Lovelace',
  email: 'ada-{unique}@example.org',
  age: 36,
  tags: ['mathematics'],
  metadata: { team: 'engine' },
  address: { streetAddress: '12 St James’s Square', city: 'London', countryCode: 'GB' },
}
const password = 'correct horse battery'

/** One request of each RPC that this service answers: for the tests of access and validation, and for the docs. */
export const examples = [
  examplesOf(UserService, {
    createUser: { request: { ...ada, password, role: 'USER_ROLE_EDITOR', requestId: '{unique}' } },
    getUser: { request: { userId: '{owner.id}' }, owned: { orRole: 'EDITOR' } },
    updateUser: {
      request: { userId: '{owner.id}', user: { name: 'Ada King' }, updateMask: { paths: ['name'] } },
      owned: { orRole: 'ADMIN' },
    },
    deleteUser: { request: { userId: '{createUser.user.id}' } },
    listUsers: { request: { pageSize: 2, filter: { role: 'USER_ROLE_VIEWER', search: 'ada' } } },
    streamUsers: { request: { filter: { tag: 'mathematics' } } },
    watchUsers: { request: { roleFilter: 'USER_ROLE_EDITOR' } },
    batchCreateUsers: { request: [{ user: ada }, { user: ada }, { commit: { count: 2 } }] },
    syncUsers: {
      request: [
        { sequence: 1, update: { user: ada } },
        { sequence: 2, update: { userId: '{createUser.user.id}', user: { age: 37 } } },
      ],
    },
  }),
  examplesOf(AuthService, {
    signUp: { request: { email: 'ada-{unique}@example.org', password, name: 'Ada Lovelace' } },
    signIn: { request: { email: '{owner.email}', password: '{owner.password}' } },
    refreshToken: { request: { refreshToken: '{signIn.tokens.refreshToken}' } },
    signOut: { request: { refreshToken: '{signIn.tokens.refreshToken}' } },
    changePassword: {
      request: { currentPassword: '{owner.password}', newPassword: 'wrong horse battery' },
      owned: { otherwise: status.PERMISSION_DENIED },
    },
    issueServiceToken: { request: { clientId: 'order', clientSecret: '{order.secret}' } },
    getJwks: { request: {} },
  }),
]
