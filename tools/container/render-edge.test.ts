import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { certificateFiles } from '@quartet/certificates/files'
import { describeWith } from '@quartet/testing'
import { parse, parseAllDocuments } from 'yaml'
import { envoy } from '../envoy/testing-envoy.ts'
import { validateEnvoy } from '../envoy/validate.ts'
import { services, workspace } from '../services.ts'

const directory = mkdtempSync(join(tmpdir(), 'image-of-envoy-'))
beforeAll(() => execFileSync(process.execPath, [join(import.meta.dirname, 'render-edge.ts'), directory]))
afterAll(() => rmSync(directory, { recursive: true }))

const resources = (name: string) => parse(readFileSync(join(directory, name), 'utf8')).resources

test('services are called in plaintext, and below mtls with TLS, by the names that DNS has in a cluster', () => {
  for (const [folder, tls] of [
    ['.', undefined],
    ['mtls', expect.anything()],
  ] as const) {
    const clusters = resources(`${folder}/clusters.yaml`)
    expect(clusters.map(({ name }: { name: string }) => name)).toEqual(services().map(({ name }) => name))
    for (const { name, transport_socket, load_assignment } of clusters) {
      expect(transport_socket).toEqual(tls)
      expect(load_assignment.endpoints[0].lb_endpoints[0].endpoint.address).toEqual({
        socket_address: { address: name, port_value: 50051 },
      })
    }
  }
})

test('the certificates are where Kubernetes mounts them, and Envoy starts where its configuration is', () => {
  const patch = readFileSync(join(workspace, 'k8s/components/mtls/envoy.yaml'), 'utf8')
  const [container] = parseAllDocuments(patch)[0]!.toJS().spec.template.spec.containers
  const { certificate, authority } = certificateFiles(container.volumeMounts[0].mountPath)
  expect(resources('mtls/certificate.yaml')[0].tls_certificate.certificate_chain.filename).toBe(certificate)
  expect(resources('mtls/authority.yaml')[0].validation_context.trusted_ca.filename).toBe(authority)
  const [, image] = /FROM \$\{ENVOY\}.*?^WORKDIR (\S+)$/ms.exec(
    readFileSync(join(workspace, 'Dockerfile'), 'utf8'),
  )!
  expect(container.workingDir).toBe(`${image}/mtls`)
})

describeWith('Envoy', envoy !== undefined, () => {
  test.each(['.', 'mtls'])('Envoy accepts the configuration in %s', (folder) =>
    validateEnvoy(envoy!, join(directory, folder)),
  )
})
