import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:tls'
import { createAuthority, issueCertificate } from './index.ts'

const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000)

test('what it signs is taken by TLS on both sides, under each of its names', async () => {
  const authority = await createAuthority('test authority', { notAfter: inHours(2) })
  const { certificate: cert, key } = await issueCertificate(authority, ['user', 'localhost', '127.0.0.1'], {
    notAfter: inHours(1),
  })
  const common = { ca: authority.certificate, cert, key }
  const server = createServer({ ...common, requestCert: true }, (socket) => socket.end('welcome'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  for (const servername of ['user', 'localhost']) {
    const socket = connect({ ...common, port: (server.address() as AddressInfo).port, servername })
    const [answer] = await once(socket, 'data')
    expect(String(answer)).toBe('welcome')
  }
  server.close()

  const issued = new X509Certificate(cert)
  expect(issued.subjectAltName).toBe('DNS:user, DNS:localhost, IP Address:127.0.0.1')
  expect(issued.checkIssued(new X509Certificate(authority.certificate))).toBe(true)
  expect(issued.ca).toBe(false)
})
