import { ServerCredentials, status } from '@grpc/grpc-js'
import {
  createAuthority,
  issueCertificate,
  writeIdentity,
  type Identity,
  type Validity,
} from '@quartet/certificates'
import { allServices } from '@quartet/proto/all'
import { Health } from '@quartet/proto/grpc'
import { UserService } from '@quartet/proto/user'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clusters } from './clusters.ts'
import { writeResources } from './resources.ts'
import { startBackend, type Backend } from './testing-backend.ts'
import { methodOf } from './testing-callers.ts'
import { describeEdge } from './testing-edge.ts'
import { secrets } from './upstream-tls.ts'

const createUser = methodOf(UserService, 'CreateUser')
const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000)
const newAuthority = () => createAuthority('test authority', { notAfter: inHours(2) })
const [authority, other] = await Promise.all([newAuthority(), newAuthority()])
const issue = (by: Identity, name: string, validity: Validity = { notAfter: inHours(1) }) =>
  issueCertificate(by, [name], validity)

/** The credentials of a service that wants to see a certificate of `trusted`. */
const mutual = ({ certificate, key }: Identity, trusted = authority) =>
  ServerCredentials.createSsl(
    Buffer.from(trusted.certificate),
    [{ cert_chain: Buffer.from(certificate), private_key: Buffer.from(key) }],
    true,
  )

describeEdge((edge) => {
  const folder = mkdtempSync(join(tmpdir(), 'edge-tls-'))
  const backends: Backend[] = []
  beforeAll(async () => {
    writeIdentity(folder, await issue(authority, 'envoy'), authority.certificate)
    for (const secret of secrets(folder))
      await writeResources(edge.envoy.directory, `${secret.name}.yaml`, [secret])
  })
  afterAll(() => {
    for (const backend of backends) backend.stop()
    rmSync(folder, { recursive: true })
  })

  /** Puts a backend with these credentials behind the edge, as the user service. */
  const serve = async (credentials: ServerCredentials) => {
    const backend = await startBackend([...allServices, Health], credentials)
    backends.push(backend)
    backend.answer('GetJwks', () => edge.jwks)
    const updates = 'cluster_manager.cluster_modified'
    const before = await edge.envoy.figure(updates)
    const service = { name: 'user', host: '127.0.0.1', port: backend.port }
    await writeResources(edge.envoy.directory, 'clusters.yaml', clusters([service], { tls: true }))
    await edge.envoy.reached(updates, before + 1)
    return backend
  }

  test.each<[string, () => Promise<ServerCredentials>, string]>([
    ['speaks plaintext', async () => ServerCredentials.createInsecure(), 'connection_error'],
    ['has the name of another one', async () => mutual(await issue(authority, 'order')), 'fail_verify_san'],
    [
      'has a certificate of another authority',
      async () => mutual(await issue(other, 'user')),
      'fail_verify_error',
    ],
    [
      'has an expired certificate',
      async () => mutual(await issue(authority, 'user', { notBefore: inHours(-2), notAfter: inHours(-1) })),
      'fail_verify_error',
    ],
  ])('a service that %s gets no call', async (_, credentials, reason) => {
    const token = edge.token()
    const before = await edge.envoy.figure(`cluster.user.ssl.${reason}`)
    const backend = await serve(await credentials())
    expect((await edge.grpc(createUser, {}, { token })).code).toBe(status.UNAVAILABLE)
    await edge.envoy.reached(`cluster.user.ssl.${reason}`, before + 1)
    expect(backend.calls).toEqual([])
  })

  test('a service that wants to see a certificate gets the one that is in the folder now', async () => {
    const token = edge.token()
    const backend = await serve(mutual(await issue(authority, 'user')))
    await edge.envoy.reached('cluster.user.membership_healthy', 1)
    expect((await edge.grpc(createUser, {}, { token })).code).toBe(status.OK)
    expect(backend.calls.map(({ method }) => method)).toContain('CreateUser')

    // This one lets in whom another authority has signed.
    await serve(mutual(await issue(authority, 'user'), other))
    const call = async () => (await edge.grpc(createUser, {}, { token })).code
    // Envoy goes on with the connections that it has until it knows the new service.
    while ((await call()) !== status.UNAVAILABLE);
    writeIdentity(folder, await issue(other, 'envoy'), authority.certificate)
    await edge.envoy.reached('cluster.user.membership_healthy', 1)
    expect(await call()).toBe(status.OK)
  })
})
