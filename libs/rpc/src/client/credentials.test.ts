import { credentials, Metadata, Server, ServerCredentials, status } from '@grpc/grpc-js'
import { createAuthority, issueCertificate } from '@quartet/certificates'
import { codecOf } from '@quartet/proto/codec'
import { UserService } from '@quartet/proto/user'
import { inHours } from '../testing/certificates.ts'
import { failure, serve, userId } from '../testing/serve.ts'
import { createClient, type ClientOptions } from './client.ts'

const authority = await createAuthority('test authority', { notAfter: inHours(2) })
const { certificate, key } = await issueCertificate(authority, ['localhost'], { notAfter: inHours(1) })

const closing: (() => void)[] = []
afterEach(() => closing.splice(0).forEach((close) => close()))

/** A TLS server of grpc-js that answers GetUser with the authorization it was sent. */
const serveTls = async () => {
  const server = new Server()
  const codec = codecOf(UserService.methods.find(({ name }) => name === 'GetUser')!)
  server.addService(
    { getUser: codec },
    {
      getUser: (call: { metadata: Metadata }, callback: (error: null, answer: object) => void) =>
        callback(null, { user: { name: call.metadata.get('authorization').join() } }),
    },
  )
  const pair = { cert_chain: Buffer.from(certificate), private_key: Buffer.from(key) }
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createSsl(null, [pair]), (error, port) =>
      error ? reject(error) : resolve(port),
    ),
  )
  closing.push(() => server.forceShutdown())
  return `localhost:${port}`
}

const connect = (options: ClientOptions<typeof UserService>) => {
  const client = createClient(UserService, options)
  closing.push(() => client.close())
  return client
}

const tls = credentials.createSsl(Buffer.from(authority.certificate))
const bearer = (token: string) =>
  credentials.createFromMetadataGenerator((_, done) => {
    const metadata = new Metadata()
    metadata.set('authorization', `Bearer ${token}`)
    done(null, metadata)
  })

test('over TLS credentials go with the connection, or with one call', async () => {
  const target = await serveTls()
  const composite = connect({
    target,
    credentials: credentials.combineChannelCredentials(tls, bearer('all')),
  })
  expect((await composite.getUser({ userId })).user!.name).toBe('Bearer all')
  const plain = connect({ target, credentials: tls })
  expect((await plain.getUser({ userId }, { credentials: bearer('one') })).user!.name).toBe('Bearer one')
  expect((await plain.getUser({ userId })).user!.name).toBe('')
})

test('over plaintext no credentials of a call are sent; the token is, unless the call brings its own', async () => {
  const served = await serve({
    getUser: async (_, { metadata }) => ({ user: { name: String(metadata.get('authorization')[0]) } }),
  })
  closing.push(() => served.close())
  const { target } = served
  let token = 'first'
  const client = connect({ target, token: () => token })
  await expect(client.getUser({ userId }, { credentials: bearer('one') })).rejects.toThrow('need TLS')
  expect((await client.getUser({ userId })).user!.name).toBe('Bearer first')
  token = 'second'
  expect((await client.getUser({ userId })).user!.name).toBe('Bearer second')
  const metadata = new Metadata()
  metadata.set('authorization', 'Bearer own')
  expect((await client.getUser({ userId }, { metadata })).user!.name).toBe('Bearer own')
})

test('a call that does not wait for a connection is UNAVAILABLE while there is none', async () => {
  const served = await serve({})
  served.close()
  const call = connect({ target: served.target }).getUser(
    { userId },
    { waitForReady: false, timeoutMs: 20_000 },
  )
  expect(await failure(call)).toMatchObject({ code: status.UNAVAILABLE })
})
