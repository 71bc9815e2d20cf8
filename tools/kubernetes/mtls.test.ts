import { certificateFiles } from '@quartet/certificates/files'
import { describeWith } from '@quartet/testing'
import { services } from '../services.ts'
import { environmentOf, hasKubectl, installations, type Manifest } from './render.ts'

const names = services().map(({ name }) => name)
const everything = hasKubectl ? installations['every component']!() : []
const named = (kind: string, name: string): Manifest =>
  everything.find((one) => one.kind === kind && one.metadata.name === name)!
const podOf = (name: string) => named('Deployment', name).spec.template.spec

/** Where a pod finds the Secret of a certificate. */
const folderOf = (name: string): string => {
  const { volumes, containers } = podOf(name)
  const { secretName } = named('Certificate', name).spec
  const volume = volumes.find(({ secret }: any) => secret?.secretName === secretName)
  return containers[0].volumeMounts.find((mount: any) => mount.name === volume.name).mountPath
}

describeWith('kubectl', hasKubectl, () => {
  test.each([...names, 'envoy'])(
    'with mTLS, %s has a certificate for the name by which it is called',
    (name) => {
      const { spec } = named('Certificate', name)
      expect(spec.dnsNames).toEqual([name])
      expect(spec.usages).toEqual(expect.arrayContaining(['server auth', 'client auth']))
      // Pods that do not run as root read it by their group.
      expect(podOf(name).securityContext.fsGroup).toBe(podOf(name).securityContext.runAsGroup)
    },
  )

  test.each(names)('with mTLS, %s reads its certificate where it is, and is probed in plaintext', (name) => {
    const environment = environmentOf(everything, name)
    const { certificate, key, authority } = certificateFiles(folderOf(name))
    expect(environment).toMatchObject({
      TLS_CERT_FILE: certificate,
      TLS_KEY_FILE: key,
      TLS_CA_FILE: authority,
    })
    const [{ startupProbe, readinessProbe, livenessProbe }] = podOf(name).containers
    for (const { grpc } of [startupProbe, readinessProbe, livenessProbe])
      expect(String(grpc.port)).toBe(environment['HEALTH_PORT'])
  })

  test('what the authority has signed outlives a new certificate of its own', () => {
    expect(named('Certificate', 'authority').spec.privateKey.rotationPolicy).toBe('Never')
  })
})
