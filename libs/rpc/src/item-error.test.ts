import { fromBinary } from '@bufbuild/protobuf'
import { status } from '@grpc/grpc-js'
import { codecOf } from '@quartet/proto/codec'
import { OrderService } from '@quartet/proto/order'
import { UploadService } from '@quartet/proto/upload'
import { UserService } from '@quartet/proto/user'
import { BadRequestSchema } from '@quartet/proto/rpc-status'
import { decodeRequest } from './codec.ts'
import type { RpcError } from './errors.ts'
import { itemError } from './item-error.ts'
import { requestOf } from './request-of.ts'
import { statusMessage } from './status-message.ts'
import { failure, serve } from './testing/serve.ts'
import { itemsUntilCommit } from './until-commit.ts'

let served: Awaited<ReturnType<typeof serve>> | undefined
afterEach(() => served?.close())

const services = { UserService, OrderService, UploadService }
const fieldsOf = (error: RpcError | undefined) =>
  (
    error?.details.find(({ schema }) => schema === BadRequestSchema)?.message as {
      fieldViolations?: { field: string }[]
    }
  )?.fieldViolations?.map(({ field }) => field)

test.each([
  ['UserService', 'batchCreateUsers', { user: { name: '', email: 'nobody' } }, 'user', ['name', 'email']],
  [
    'UserService',
    'syncUsers',
    { sequence: 1, update: { user: { email: 'nobody' } } },
    'update.user',
    ['email'],
  ],
  [
    'OrderService',
    'uploadLineItems',
    { item: { quantity: -1 } },
    'item',
    expect.arrayContaining(['quantity']),
  ],
  [
    'UploadService',
    'processBatch',
    { item: { fileId: 'seven' } },
    'item',
    expect.arrayContaining(['file_id']),
  ],
] as const)(
  '%s.%s lets a bad item in and says what is wrong with it',
  (service, name, request, path, fields) => {
    const method = services[service].methods.find(({ localName }) => localName === name)!
    const decoded = decodeRequest(method, codecOf(method).requestSerialize(request))
    const at = (object: unknown, key: string) => (object as Record<string, unknown>)[key]
    const item = path.split('.').reduce(at, decoded as unknown) as object
    expect(itemError(item)).toMatchObject({ code: status.INVALID_ARGUMENT, reason: 'INVALID_REQUEST' })
    expect(fieldsOf(itemError(item))).toEqual(fields)
  },
)

test('a batch reports what CreateUser would have answered, and goes on', async () => {
  const created: string[] = []
  served = await serve({
    createUser: async () => ({}),
    async batchCreateUsers(requests) {
      const failures = []
      let index = 0
      for await (const user of itemsUntilCommit(requests, 'user')) {
        const error = itemError(user)
        if (error) failures.push({ index, email: user.email, status: statusMessage(error) })
        else created.push(user.name)
        index++
      }
      return { createdCount: created.length, failedCount: failures.length, failures }
    },
  })
  const bad = { name: 'n', email: 'nobody' }
  async function* requests() {
    yield { user: { name: 'a', email: 'a@example.org' } }
    yield { user: bad }
    yield { user: { name: 'b', email: 'b@example.org' } }
    yield { commit: { count: 3 } }
  }
  const { failures } = await served.client.batchCreateUsers(requests())
  expect(created).toEqual(['a', 'b'])
  const answered = (await failure(served.client.createUser(bad))) as RpcError
  expect(failures).toMatchObject([{ index: 1, email: 'nobody', status: { code: status.INVALID_ARGUMENT } }])
  expect(failures[0]!.status!.message).toBe(answered.message)
  const badRequest = failures[0]!.status!.details.find(({ type_url }) => type_url.endsWith('BadRequest'))!
  expect(fromBinary(BadRequestSchema, badRequest.value).fieldViolations).toMatchObject([{ field: 'email' }])
})

test('bytes that are no message are refused with the request', () => {
  const method = UserService.methods.find(({ localName }) => localName === 'batchCreateUsers')!
  const invalidUtf8 = Buffer.from('0a040a02fffe', 'hex') // user { name: ff fe }
  expect(() => decodeRequest(method, invalidUtf8)).toThrow('not a quartet.user.v1.BatchCreateUsersRequest')
})

test('requestOf gives a handler its request, or what the method would have answered', () => {
  expect(requestOf(UserService, 'createUser', { name: 'n', email: 'e@example.org' })).toMatchObject({
    name: 'n',
    role: 'USER_ROLE_UNSPECIFIED',
    tags: [],
  })
  expect(() => requestOf(UserService, 'createUser', { email: 'e@example.org' })).toThrow('name: ')
})
