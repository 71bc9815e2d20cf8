import { createAuthority, issueCertificate, writeIdentity } from '@quartet/certificates'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse, parseDocument } from 'yaml'
import { workspace } from '../services.ts'
import { describeEdge } from './testing-edge.ts'

const folder = mkdtempSync(join(tmpdir(), 'edge-tls-'))
const notAfter = new Date(Date.now() + 3_600_000)
const authority = await createAuthority('test authority', { notAfter })
writeIdentity(folder, await issueCertificate(authority, ['localhost'], { notAfter }), authority.certificate)

/** What docs/tls.md says to put in, in the order of the page. */
const [listenerSocket, keysSocket] = [
  ...readFileSync(join(workspace, 'docs/tls.md'), 'utf8').matchAll(/```yaml\n(.*?)```/gs),
].map(([, text]) => parse(text!.replace(/\btls\.(crt|key)\b/g, join(folder, 'tls.$1'))))

const withTls = (yaml: string) => {
  const document = parseDocument(yaml)
  const listener = ['static_resources', 'listeners', 0, 'filter_chains', 0]
  const keys = ['static_resources', 'clusters', 0] // the first one
  document.setIn([...listener, 'transport_socket'], listenerSocket.transport_socket)
  document.setIn([...keys, 'transport_socket'], keysSocket.transport_socket)
  return String(document)
}

describeEdge(
  (edge) => {
    afterAll(() => rmSync(folder, { recursive: true }))

    test('TLS for callers from outside is as docs/tls.md has it', async () => {
      await edge.envoy.reached('http.edge.jwt_authn.jwks_fetch_success', 1)
      const session = connect(`https://${edge.envoy.target.replace('127.0.0.1', 'localhost')}`, {
        ca: authority.certificate,
      })
      const stream = session.request({ ':path': '/v1/users/7', authorization: `Bearer ${edge.token()}` })
      const [headers] = await once(stream, 'response')
      expect(headers[':status']).toBe(200)
      session.close()
    })
  },
  { yaml: withTls },
)
