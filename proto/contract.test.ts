import { readFileSync } from 'node:fs'
import { createFileRegistry, fromBinary, toBinary, type DescMethod } from '@bufbuild/protobuf'
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import { allServices } from './all.ts'
import { codecOf } from './codec.ts'
import { People } from './contract.ts'
import { descriptorSetPath } from './descriptor-set.ts'
import { UserRole } from './gen/es/quartet/user/v1/user_pb.js'
import { Health } from './grpc.ts'
import { UserService, type User__Output } from './user.ts'

const methodOf = (name: string) => UserService.methods.find((method) => method.name === name)!

test('every method of the contract is loaded', () => {
  const set = fromBinary(FileDescriptorSetSchema, readFileSync(descriptorSetPath))
  const declared = Array.from(createFileRegistry(set))
    .filter((desc) => desc.kind === 'service')
    .filter(({ typeName }) => typeName.startsWith('quartet.'))
    .flatMap(({ typeName, methods }) => methods.map(({ name }) => `/${typeName}/${name}`))
  const loaded = allServices.flatMap(({ methods }) => methods.map(({ path }) => path))
  expect(loaded.toSorted()).toEqual(declared.toSorted())
})

test('a method says who may call it, for how long, and whether it can be repeated', () => {
  expect(methodOf('GetUser')).toMatchObject({
    localName: 'getUser',
    path: '/quartet.user.v1.UserService/GetUser',
    kind: 'unary',
    idempotent: true,
    policy: { people: People.SIGNED_IN, services: ['order', 'chat'], timeout: { seconds: 5n } },
  })
  expect(methodOf('CreateUser')).toMatchObject({
    idempotent: false,
    policy: { idempotencyKey: 'request_id' },
  })
  expect(Health.methods.map(({ policy }) => policy)).toEqual(Health.methods.map(() => undefined))
})

test('a message is the same on the wire, to proto-loader, to its generated types and to protobuf-es', () => {
  const user: User__Output = {
    id: '01980000-0000-7000-8000-000000000001',
    name: 'Zoë 🦊',
    email: '',
    age: 0,
    _age: 'age',
    role: 'USER_ROLE_EDITOR',
    plan: 'USER_PLAN_UNSPECIFIED',
    status: 'USER_STATUS_ACTIVE',
    tags: ['a', 'b'],
    metadata: { key: 'value' },
    address: { location: 'poBox', poBox: '42', city: 'Berlin', countryCode: 'DE' },
    etag: '7',
    createdAt: { seconds: '1700000000', nanos: 1 },
    updatedAt: null,
  }
  const method = methodOf('CreateUser')
  const codec = codecOf(method)
  const { descriptor } = method
  const seen = fromBinary(descriptor.output, codec.responseSerialize({ user }))
  expect(seen).toMatchObject({
    user: {
      name: 'Zoë 🦊',
      age: 0,
      role: UserRole.EDITOR,
      metadata: { key: 'value' },
      address: { location: { case: 'poBox', value: '42' } },
      createdAt: { seconds: 1_700_000_000n, nanos: 1 },
    },
  })
  expect(codec.responseDeserialize(Buffer.from(toBinary(descriptor.output, seen)))).toEqual({ user })
})

test('generated code that is older than the .proto file is an error that says what to do', () => {
  const stale = { descriptor: { ...methodOf('GetUser').descriptor, name: 'GoneUser' } as DescMethod }
  expect(() => codecOf(stale)).toThrow('quartet/user/v1/user.proto has no UserService.GoneUser')
})
