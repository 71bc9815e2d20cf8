import { credentials, ServerCredentials, status, type ChannelCredentials } from '@grpc/grpc-js'
import { createAuthority, issueCertificate, type Identity } from '@quartet/certificates'
import { UserService } from '@quartet/proto/user'
import { once } from 'node:events'
import { connect } from 'node:http2'
import { setTimeout as delay } from 'node:timers/promises'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { pino } from 'pino'
import { createClient } from '../client/client.ts'
import { inHours, testAuthority } from '../testing/certificates.ts'
import { collect, failure, serve, userId } from '../testing/serve.ts'
import { tlsCredentials } from './credentials.ts'

const closing: (() => void)[] = []
afterEach(() => closing.splice(0).forEach((close) => close()))
let authority: Awaited<ReturnType<typeof testAuthority>>
beforeAll(async () => {
  authority = await testAuthority()
})
afterAll(() => authority.remove())

const logger = pino({ level: 'silent' })
const tls = async (name: string, options: { authority?: undefined } = {}) => {
  const both = await tlsCredentials({ ...(await authority.write(name)), ...options }, { logger })
  closing.push(both.stop)
  return both
}

/** A server, and a count of the calls that reached its handler. */
const listen = async (server: ServerCredentials) => {
  let reached = 0
  const handlers = { getUser: async () => (reached++, { user: { name: 'Ada' } }) }
  const served = await serve(handlers, { credentials: server })
  closing.push(() => served.close())
  return { ...served, target: `localhost:${served.port}`, reached: () => reached }
}

const call = (target: string, credentials?: ChannelCredentials) => {
  const client = createClient(UserService, { target, credentials })
  closing.push(() => client.close())
  // Not to wait for a connection that will never be.
  return client.getUser({ userId }, { waitForReady: false })
}

const pem = (text: string) => Buffer.from(text)
const client = ({ certificate, key }: Identity, trusted = authority.certificate) =>
  credentials.createSsl(pem(trusted), pem(key), pem(certificate))
const expired = { notBefore: inHours(-2), notAfter: inHours(-1) }
const other = createAuthority('test authority', { notAfter: inHours(10) })

test('both sides prove who they are, in the window that every server has', async () => {
  const { server, channel } = await tls('user')
  const { target } = await listen(server)
  expect((await call(target, channel)).user!.name).toBe('Ada')

  const { certificate: cert, key } = await authority.issue('raw')
  const session = connect(`https://${target}`, { ca: authority.certificate, cert, key })
  closing.push(() => session.destroy())
  await once(session, 'remoteSettings')
  expect(session.remoteSettings.initialWindowSize).toBe(8 * 1024 * 1024)
  while (session.state.remoteWindowSize! < 8 * 1024 * 1024) await delay(1)
})

test.each<[string, () => Promise<ChannelCredentials | undefined>, string]>([
  ['plaintext', async () => undefined, 'ERR_SSL_WRONG_VERSION_NUMBER'],
  [
    'no certificate',
    async () => credentials.createSsl(pem(authority.certificate)),
    'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE',
  ],
  [
    'an expired certificate',
    async () => client(await authority.issue('client', expired)),
    'CERT_HAS_EXPIRED',
  ],
  [
    'a certificate of another authority of the same name',
    async () => client(await issueCertificate(await other, ['client'], { notAfter: inHours(1) })),
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  ],
])('a client with %s gets nowhere, and the log says why', async (_, credentials, reason) => {
  const { server } = await tls('user')
  const { target, reached, lines } = await listen(server)
  expect(await failure(call(target, await credentials()))).toMatchObject({ code: status.UNAVAILABLE })
  expect(reached()).toBe(0)
  while (!lines.some(({ msg }) => msg === 'TLS: a connection was refused')) await delay(5)
  expect(lines).toContainEqual(expect.objectContaining({ reason, peer: '127.0.0.1' }))
})

test('a call that waits for a connection in vain says at its deadline what kept it from one', async () => {
  const { server } = await tls('user')
  const { target, lines } = await listen(server)
  const stranger = createAuthority('test authority', { notAfter: inHours(10) })
  const untrusted = client(await authority.issue('client'), (await stranger).certificate)
  const users = createClient(UserService, { target, credentials: untrusted })
  closing.push(() => users.close())
  // From the first refusal on there is something to tell.
  await failure(users.getUser({ userId }, { waitForReady: false }))
  const refused = {
    code: status.DEADLINE_EXCEEDED,
    message: expect.stringMatching(`^no connection to ${target} until the deadline: .*certificate.*$`),
  }
  expect(await failure(users.getUser({ userId }, { timeoutMs: 300 }))).toMatchObject(refused)
  expect(await failure(collect(users.watchUsers({}, { timeoutMs: 300 })))).toMatchObject(refused)

  // The log of whoever made the call for somebody tells it, and its caller nothing of it.
  const front = await serve({
    getUser: (request, parent) => users.getUser(request, { parent, timeoutMs: 300 }),
  })
  closing.push(() => front.close())
  const told = (await failure(front.client.getUser({ userId }))) as Error
  expect(told.message).not.toContain('certificate')
  expect(front.lines.at(-1)).toMatchObject({
    code: 'DEADLINE_EXCEEDED',
    err: { message: expect.stringContaining('certificate') },
  })
  expect(lines).not.toContainEqual(expect.objectContaining({ msg: 'call' }))
})

const server = ({ certificate, key }: Identity) =>
  ServerCredentials.createSsl(null, [{ cert_chain: pem(certificate), private_key: pem(key) }])

test.each<[string, () => Promise<ServerCredentials>]>([
  ['plaintext', async () => ServerCredentials.createInsecure()],
  ['an expired certificate', async () => server(await authority.issue('user', expired))],
  [
    'a certificate of another authority',
    async () => server(await issueCertificate(await other, ['localhost'], { notAfter: inHours(1) })),
  ],
  [
    "another one's name",
    async () => server(await issueCertificate(authority, ['order'], { notAfter: inHours(1) })),
  ],
])('a server with %s is not called', async (_, credentials) => {
  const { channel } = await tls('order')
  const { target, reached } = await listen(await credentials())
  expect(await failure(call(target, channel))).toMatchObject({ code: status.UNAVAILABLE })
  expect(reached()).toBe(0)
})

test('without an authority clients need no certificate, and servers one that everybody trusts', async () => {
  const { server } = await tls('user', { authority: undefined })
  const { target } = await listen(server)
  expect(await call(target, credentials.createSsl(pem(authority.certificate)))).toHaveProperty('user')

  const { channel } = await tls('order', { authority: undefined })
  expect(await failure(call(target, channel))).toMatchObject({ code: status.UNAVAILABLE })
  const known = getCACertificates('default')
  setDefaultCACertificates([...known, authority.certificate])
  closing.push(() => setDefaultCACertificates(known))
  const { channel: later } = await tls('order', { authority: undefined })
  expect(await call(target, later)).toHaveProperty('user')
})
