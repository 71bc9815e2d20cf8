import { create } from '@bufbuild/protobuf'
import { People, PolicySchema, type Method } from '@quartet/proto/contract'
import type { Caller } from '@quartet/rpc'
import { permit } from './permit.ts'

const person = (role: 'VIEWER' | 'EDITOR' | 'ADMIN'): Caller => ({
  kind: 'person',
  id: 'u1',
  role,
  sessionId: 's1',
  expiresAt: Infinity,
})
const service = (id: string): Caller => ({ kind: 'service', id, expiresAt: Infinity })
const callers: Record<string, Caller> = {
  nobody: { kind: 'anonymous' },
  viewer: person('VIEWER'),
  editor: person('EDITOR'),
  admin: person('ADMIN'),
  order: service('order'),
  chat: service('chat'),
}

const letIn = (people: People | undefined, services: string[] = []) => {
  const policy = people === undefined ? undefined : create(PolicySchema, { people, services })
  return Object.keys(callers).filter((name) => {
    try {
      permit({ path: '/x/Y', policy } as Method, callers[name]!)
      return true
    } catch {
      return false
    }
  })
}

test.each([
  ['everybody', People.EVERYBODY, [], ['nobody', 'viewer', 'editor', 'admin', 'order', 'chat']],
  ['signed in', People.SIGNED_IN, [], ['viewer', 'editor', 'admin']],
  ['editors', People.EDITOR, [], ['editor', 'admin']],
  ['administrators', People.ADMIN, [], ['admin']],
  ['editors and the order service', People.EDITOR, ['order'], ['editor', 'admin', 'order']],
  ['services only', People.NOBODY, ['chat'], ['chat']],
  ['nobody', People.NOBODY, [], []],
  ['an unset policy', People.UNSPECIFIED, [], []],
  ['no policy', undefined, [], []],
])('%s', (_, people, services, expected) => {
  expect(letIn(people, services)).toEqual(expected)
})
