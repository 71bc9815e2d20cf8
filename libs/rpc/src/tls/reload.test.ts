import { certificateFiles, createAuthority, issueCertificate, writeIdentity } from '@quartet/certificates'
import { UserService } from '@quartet/proto/user'
import { X509Certificate } from 'node:crypto'
import { on, once } from 'node:events'
import { mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { connect } from 'node:tls'
import { join } from 'node:path'
import { pino } from 'pino'
import { createClient } from '../client/client.ts'
import { inHours, testAuthority } from '../testing/certificates.ts'
import { serve, userId } from '../testing/serve.ts'
import { tlsCredentials } from './credentials.ts'

const closing: (() => void)[] = []
afterEach(() => closing.splice(0).forEach((close) => close()))
let authority: Awaited<ReturnType<typeof testAuthority>>
beforeAll(async () => {
  authority = await testAuthority()
})
afterAll(() => authority.remove())

/** Credentials from a folder, looked at often, and what their log says. */
const follow = async (folder: string) => {
  const stream = new PassThrough()
  const both = await tlsCredentials(certificateFiles(folder), { logger: pino(stream), everyMs: 10 })
  const lines = on(stream, 'data')
  closing.push(both.stop)
  return {
    ...both,
    /** Resolves when the log says `text`, from where it was read last. */
    async says(text: string) {
      while (!String((await lines.next()).value).includes(text));
    },
  }
}

/** The certificate that a server shows to a client of the first authority that connects now. */
const shown = async (port: number) => {
  const { certificate: cert, key } = await authority.issue('looking')
  const socket = connect({
    port,
    servername: 'localhost',
    rejectUnauthorized: false,
    cert,
    key,
    ALPNProtocols: ['h2'],
  })
  await once(socket, 'secureConnect')
  const { fingerprint256 } = socket.getPeerX509Certificate()!
  socket.destroy()
  return fingerprint256
}
const fingerprint = (folder: string) =>
  new X509Certificate(readFileSync(certificateFiles(folder).certificate)).fingerprint256

test('certificates are replaced under load and no call is lost', async () => {
  const folder = join(authority.root, 'rotated')
  writeIdentity(folder, await authority.issue('rotated'), authority.certificate)
  const sides = [await follow(folder), await follow(folder)] as const
  const served = await serve(
    {
      getUser: async () => ({}),
      async *watchUsers(_, { signal }) {
        for (;;) {
          yield {}
          await delay(1, undefined, { signal })
        }
      },
    },
    { credentials: sides[0].server },
  )
  closing.push(() => served.close())
  const options = { target: `localhost:${served.port}`, credentials: sides[1].channel }
  const client = createClient(UserService, options)
  closing.push(() => client.close())

  let over = false
  let calls = 0
  const load = Array.from({ length: 4 }, async () => {
    while (!over) {
      await client.getUser({ userId })
      // Each with a connection of its own.
      const another = createClient(UserService, { ...options, channels: 2 })
      await another.getUser({ userId }).finally(() => another.close())
      calls += 2
    }
  })
  const watching = (async () => {
    for await (const _ of client.watchUsers({})) if (over) return
  })()

  for (let round = 0; round < 3; round++) {
    writeIdentity(folder, await authority.issue(`round-${round}`), authority.certificate)
    await Promise.all(sides.map((side) => side.says('new certificates')))
    expect(await shown(served.port)).toBe(fingerprint(folder))
  }
  over = true
  await Promise.all([...load, watching])
  expect(calls).toBeGreaterThan(20)
})

test('a change that is half done or wrong changes nothing until it is whole', async () => {
  const folder = join(authority.root, 'half')
  writeIdentity(folder, await authority.issue('half'), authority.certificate)
  const before = fingerprint(folder)
  const side = await follow(folder)
  const served = await serve({}, { credentials: side.server })
  closing.push(() => served.close())

  const next = await authority.issue('next')
  writeFileSync(certificateFiles(folder).certificate, next.certificate)
  await side.says('does not belong')
  expect(await shown(served.port)).toBe(before)
  writeFileSync(certificateFiles(folder).certificate, 'nonsense')
  await side.says('no certificate in PEM')
  expect(await shown(served.port)).toBe(before)
  writeIdentity(folder, next, authority.certificate)
  await side.says('new certificates')
  expect(await shown(served.port)).toBe(fingerprint(folder))
})

test('a folder that is swapped by a symbolic link, as Kubernetes does it, with a new authority', async () => {
  const mount = join(authority.root, 'mount')
  mkdirSync(mount)
  const swap = (version: string) => {
    symlinkSync(version, join(mount, '..new'))
    renameSync(join(mount, '..new'), join(mount, '..data'))
  }
  writeIdentity(join(mount, '..1'), await authority.issue('mounted'), authority.certificate)
  swap('..1')
  for (const name of ['tls.crt', 'tls.key', 'ca.crt']) symlinkSync(`..data/${name}`, join(mount, name))
  const side = await follow(mount)
  const served = await serve({}, { credentials: side.server })
  closing.push(() => served.close())
  expect(await shown(served.port)).toBe(fingerprint(mount))

  const another = await createAuthority('another', { notAfter: inHours(10) })
  const identity = await issueCertificate(another, ['mounted', 'localhost'], { notAfter: inHours(1) })
  writeIdentity(join(mount, '..2'), identity, another.certificate + authority.certificate)
  swap('..2')
  // A look in the middle of the swap may see the new authority first.
  while ((await shown(served.port)) !== fingerprint(mount)) await side.says('new certificates')
  const raw = { ca: another.certificate, cert: identity.certificate, key: identity.key }
  const socket = connect({ ...raw, port: served.port, servername: 'localhost', ALPNProtocols: ['h2'] })
  await once(socket, 'data') // the server's settings: a client of the new authority is let in
  socket.destroy()
})

test('a certificate that nobody replaces is told of before it ends', async () => {
  const folder = join(authority.root, 'old')
  const validity = { notBefore: inHours(-100), notAfter: inHours(1) }
  writeIdentity(folder, await authority.issue('old', validity), authority.certificate)
  await (await follow(folder)).says('the certificate ends at')
})
