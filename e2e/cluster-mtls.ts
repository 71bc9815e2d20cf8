import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { certificateFiles, provideCertificates } from '@quartet/certificates'
import { services, workspace } from '@quartet/tools/services'
import { kubectl } from './cluster.ts'

const named = (path: string) => join(workspace, 'k8s', path)
const wanted = [...services().map(({ name }) => name), 'envoy'].map((name) => ({ name }))

/**
 * Adds the component mtls to the demo in the cluster, as its operator would. The certificates are made here, in place of
 * cert-manager, which need not be there; `renew` puts new ones where cert-manager would, `forget` removes their files.
 */
export const applyMtls = async (): Promise<{ renew(): Promise<void>; forget(): void }> => {
  mkdirSync(join(workspace, '.quartet'), { recursive: true })
  const folder = mkdtempSync(join(workspace, '.quartet', 'mtls-'))
  const path = (name: string) => relative(folder, named(name))
  const renew = async () => {
    await provideCertificates({ directory: folder, wanted, renew: true })
    const items = wanted.map(({ name }) => secretOf(name, join(folder, name)))
    writeFileSync(join(folder, 'secrets.json'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
    await kubectl('apply', '-f', join(folder, 'secrets.json'))
  }
  const kustomization = {
    namespace: 'quartet',
    resources: [path('overlays/demo')],
    components: [path('components/mtls')],
    patches: ['Certificate', 'Issuer'].map((kind) => ({
      target: { kind },
      patch: JSON.stringify({
        $patch: 'delete',
        apiVersion: 'cert-manager.io/v1',
        kind,
        metadata: { name: 'any' },
      }),
    })),
  }
  writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify(kustomization))
  await renew()
  await kubectl('apply', '-k', folder)
  for (const { name } of wanted) await kubectl('rollout', 'status', `deployment/${name}`, '--timeout=8m')
  return { renew, forget: () => rmSync(folder, { recursive: true }) }
}

const secretOf = (name: string, folder: string) => {
  const { certificate, key, authority } = certificateFiles(folder)
  const text = (file: string) => readFileSync(file, 'utf8')
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/tls',
    metadata: { name: `${name}-tls`, namespace: 'quartet' },
    stringData: { 'tls.crt': text(certificate), 'tls.key': text(key), 'ca.crt': text(authority) },
  }
}
