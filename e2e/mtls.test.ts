import { spawn } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { connect } from 'node:tls'
import { credentials, status, type ChannelCredentials } from '@grpc/grpc-js'
import { certificateFiles, createAuthority, issueCertificate, writeIdentity } from '@quartet/certificates'
import { AuthService } from '@quartet/proto/auth'
import { ChatService } from '@quartet/proto/chat'
import { OrderService } from '@quartet/proto/order'
import { createClient } from '@quartet/rpc'
import { describeWith, failure } from '@quartet/testing'
import { callers, methodOf } from '@quartet/tools/callers'
import { localCertificates } from '@quartet/tools/certificates'
import { services, workspace } from '@quartet/tools/services'
import { hasEnvoy, start } from './suite.ts'

const createOrder = methodOf(OrderService, 'CreateOrder')
const names = services().map(({ name }) => name)

describeWith('Envoy', hasEnvoy, () => {
  let suite: Awaited<ReturnType<typeof start>>
  let edge: ReturnType<typeof callers>
  let token: string
  beforeAll(async () => {
    suite = await start({ mtls: true, demoData: true })
    edge = callers(suite.edge)
    const { email, password } = suite.account('VIEWER')
    const { json } = await edge.http('/v1/auth:signIn', { method: 'POST', body: { email, password } })
    token = (json as { tokens: { accessToken: string } }).tokens.accessToken
  }, 120_000)
  afterAll(async () => {
    edge?.close()
    await suite?.stop()
  })

  const files = (name: string) => certificateFiles(join(suite.certificates!, name))
  const pem = (file: string) => readFileSync(file)
  const credentialsOf = (folder: ReturnType<typeof certificateFiles>) =>
    credentials.createSsl(pem(folder.authority), pem(folder.key), pem(folder.certificate))

  /** Asks a service itself for the keys, which everybody may. */
  const askDirectly = async (name: string, credentials?: ChannelCredentials) => {
    const client = createClient(AuthService, { target: suite.endpoints[name]!, credentials })
    return failure(client.getJwks({}, { waitForReady: false })).finally(() => client.close())
  }

  test('everything answers through the edge, and a service calls another one as its caller', async () => {
    // People, orders, files and messages, put there by calls to each of the services.
    expect(existsSync(join(suite.directory, 'demo-filled'))).toBe(true)
    expect(await edge.http('/v1/users?pageSize=1', { token })).toMatchObject({ status: 403 })
    // The order service asks the user service for the keys to this token, and whether its customer may order.
    const { answer } = await edge.grpc(createOrder, {}, { token })
    expect(answer).toMatchObject({ order: { status: 'ORDER_STATUS_PENDING' } })
    const { json } = await edge.http('/v1/orders', { method: 'POST', body: {}, token })
    expect(json).toMatchObject({ order: { id: expect.any(String) } })
  })

  test('whoever brings no certificate of the authority gets to no service', async () => {
    const notAfter = new Date(Date.now() + 3_600_000)
    const other = await createAuthority('Quartet local authority', { notAfter })
    const folder = join(suite.directory, 'another')
    const trusted = String(pem(files('user').authority))
    writeIdentity(folder, await issueCertificate(other, ['envoy'], { notAfter }), trusted)
    for (const name of names) {
      const trust = credentials.createSsl(pem(files(name).authority))
      for (const wrong of [undefined, trust, credentialsOf(certificateFiles(folder))])
        expect(await askDirectly(name, wrong)).toMatchObject({ code: status.UNAVAILABLE })
    }
    expect(await askDirectly('user', credentialsOf(files('envoy')))).toBeUndefined()
  })

  test('Monitor shows every service, which the chat service asks as itself', async () => {
    const { email, password } = suite.account('EDITOR')
    const { json } = await edge.http('/v1/auth:signIn', { method: 'POST', body: { email, password } })
    const { accessToken } = (json as { tokens: { accessToken: string } }).tokens
    const chat = createClient(ChatService, { target: suite.edge, token: () => accessToken })
    const ask = async function* (serviceId: string) {
      yield { serviceId }
    }
    for (const serviceId of names) {
      const figures = chat.monitor(ask(serviceId))[Symbol.asyncIterator]()
      expect((await figures.next()).value).toMatchObject({ serviceId, replica: expect.any(String) })
      await figures.return!()
    }
    chat.close()
  })

  /** The certificate that a service shows to who connects now. */
  const shown = async (name: string) => {
    const { certificate, key } = files('envoy')
    const port = Number(suite.endpoints[name]!.split(':')[1])
    const identity = { cert: pem(certificate), key: pem(key), ca: pem(files('envoy').authority) }
    const socket = connect({ ...identity, port, servername: name, ALPNProtocols: ['h2'] })
    await once(socket, 'secureConnect')
    const { fingerprint256 } = socket.getPeerX509Certificate()!
    socket.destroy()
    return fingerprint256
  }

  test('npm run certs -- --renew in the middle of it, and no call is lost', async () => {
    let over = false
    let calls = 0
    const load = Array.from({ length: 4 }, async () => {
      while (!over) {
        expect(await edge.grpc(createOrder, {}, { token })).toMatchObject({ code: status.OK })
        calls++
        await delay(25) // the contract allows 200 a second
      }
    })
    await localCertificates({ folder: suite.certificates!, services: services(), renew: true })
    for (const name of names) {
      const { fingerprint256 } = new X509Certificate(pem(files(name).certificate))
      while ((await shown(name)) !== fingerprint256) await delay(100)
    }
    const before = calls
    while (calls < before + 20) await delay(10)
    over = true
    await Promise.all(load)
  }, 60_000)
})

test.each<[string, (files: ReturnType<typeof certificateFiles>) => Partial<typeof files>, RegExp]>([
  ['a missing file', () => ({ certificate: '/nowhere' }), /cannot be read \(ENOENT\)/],
  ['a key where the certificate belongs', ({ key }) => ({ certificate: key }), /has no certificate in PEM/],
  ["another one's key", (files) => ({ key: files.key.replace('user', 'envoy') }), /does not belong to/],
])('%s: one line, and no start', async (_, change, message) => {
  const folder = mkdtempSync(join(tmpdir(), 'quartet-mtls-'))
  await localCertificates({ folder, services: services() })
  const good = certificateFiles(join(folder, 'user'))
  const { certificate, key, authority } = { ...good, ...change(good) }
  const child = spawn(process.execPath, [join(workspace, 'services/user/src/main.ts')], {
    env: {
      ...process.env,
      DATABASE_URL: 'postgresql://u:p@127.0.0.1:1/none',
      TLS_CERT_FILE: certificate,
      TLS_KEY_FILE: key,
      TLS_CA_FILE: authority,
    },
  })
  let errors = ''
  child.stderr.on('data', (data) => (errors += String(data)))
  const [code] = await once(child, 'close')
  rmSync(folder, { recursive: true })
  expect(errors).toMatch(message)
  expect(errors).toMatch(/^user: TLS: [^\n]+ See docs\/tls\.md\n$/)
  expect(code).toBe(1)
})
