import { createFileRegistry, fromBinary } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema, type FileDescriptorProto } from '@bufbuild/protobuf/wkt'
import { Metadata } from '@grpc/grpc-js'
import { ServerReflection, ServerReflectionAlpha } from '@quartet/proto/grpc'
import { createClient } from './client/client.ts'
import { serve } from './testing/serve.ts'

type Question = { listServices: string } | { fileContainingSymbol: string } | { fileByFilename: string }

const ask = async (target: string, question: Question, metadata?: Metadata, service = ServerReflection) => {
  const client = createClient(service, { target })
  async function* one() {
    yield question
  }
  for await (const answer of client.serverReflectionInfo(one(), { metadata })) {
    client.close()
    return answer
  }
  throw new Error('no answer')
}

type Answer = Awaited<ReturnType<typeof ask>>
const names = ({ listServicesResponse }: Answer) =>
  listServicesResponse!.service.map(({ name }) => name).toSorted()
const files = ({ fileDescriptorResponse }: Answer): FileDescriptorProto[] =>
  fileDescriptorResponse!.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes))

let served: Awaited<ReturnType<typeof serve>>
beforeEach(async () => (served = await serve({})))
afterEach(() => served.close())

test('lists what is served here, in both versions', async () => {
  const expected = [
    'grpc.health.v1.Health',
    'grpc.reflection.v1.ServerReflection',
    'grpc.reflection.v1alpha.ServerReflection',
    'quartet.user.v1.UserService',
  ]
  expect(names(await ask(served.target, { listServices: '*' }))).toEqual(expected)
  expect(
    names(await ask(served.target, { listServices: '*' }, undefined, ServerReflectionAlpha as never)),
  ).toEqual(expected)
})

test('lists the whole contract to whom Envoy sends from the edge', async () => {
  const metadata = new Metadata()
  metadata.set('x-quartet-edge', '1')
  const listed = names(await ask(served.target, { listServices: '*' }, metadata))
  for (const name of [
    'auth.v1.AuthService',
    'order.v1.OrderService',
    'upload.v1.UploadService',
    'chat.v1.ChatService',
  ])
    expect(listed).toContain(`quartet.${name}`)
  expect(listed).not.toContain('quartet.metrics.v1.MetricsService') // services only
})

test('one answer describes a method across all packages it imports, custom options included', async () => {
  const all = files(await ask(served.target, { fileContainingSymbol: 'quartet.user.v1.UserService.GetUser' }))
  expect(all[0]!.name).toBe('quartet/user/v1/user.proto')
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length)
  // A registry of these files alone resolves: nothing that they import is missing.
  const registry = createFileRegistry(all[0]!, (name) => all.find((file) => file.name === name))
  const service = registry.getService('quartet.user.v1.UserService')
  expect(service?.method['getUser']!.proto.options?.$unknown?.map(({ no }) => no)).toContain(50051)
})

test('describes the details of errors', async () => {
  const all = files(await ask(served.target, { fileContainingSymbol: 'google.rpc.ErrorInfo' }))
  expect(all[0]!.name).toBe('google/rpc/error_details.proto')
})

test('says so when there is no such thing', async () => {
  const answer = await ask(served.target, { fileContainingSymbol: 'quartet.user.v1.Nothing' })
  expect(answer.errorResponse?.errorCode).toBe(5)
})
