import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeWith } from '@quartet/testing'
import { services, workspace } from '../services.ts'
import { containersOf, hasKubectl, installations, renderFolder, workloads } from './render.ts'

const cases = hasKubectl
  ? Object.entries(installations).flatMap(([installation, render]) =>
      services().map(({ name }) => ({ installation, name, manifests: render() })),
    )
  : []

describeWith('kubectl', hasKubectl, () => {
  test.each(cases)('$installation: $name waits for the migration of its release', ({ name, manifests }) => {
    const pod = manifests.find((one) => one.kind === 'Deployment' && one.metadata.name === name)!.spec
      .template.spec
    const job = manifests.find(
      (one) => one.kind === 'Job' && one.metadata.name.startsWith(`${name}-migration`),
    )!
    const [migration] = job.spec.template.spec.containers
    const [service] = pod.containers
    expect(migration).toMatchObject({ image: service.image, args: ['src/migrate.ts'] })
    expect(pod.initContainers).toMatchObject([{ image: service.image, args: ['src/migrate.ts', 'wait'] }])
  })

  // A Job cannot be changed.
  test.each(Object.keys(installations))('%s: a release has Jobs of its own', (installation) => {
    const jobs = installations[installation]!().filter(({ kind }) => kind === 'Job')
    for (const job of jobs) {
      const [, tag] = job.spec.template.spec.containers[0].image.split(':')
      // A dot would get into the host name of its pods.
      expect(job.metadata.name).toMatch(new RegExp(`^[a-z-]+-${tag.replaceAll('.', '-')}$`))
    }
    expect(jobs).not.toEqual([])
  })

  test('every image of ours is set in k8s/release, and nowhere else', () => {
    const images = (folder: string) =>
      workloads(renderFolder(folder))
        .flatMap(containersOf)
        .map(({ image }) => image as string)
        .filter((image) => image.startsWith('quartet/'))
    expect(new Set(images('base')).size).toBe(services().length + 1) // and Envoy's
    expect(images('base').filter((image) => image.includes(':'))).toEqual([])
    expect(images('overlays/demo').filter((image) => !image.includes(':'))).toEqual([])
  })

  test("what production takes from outside is in the README's table", () => {
    const [, table] = /takes what must not be made up from outside:(.*?)\n\n(?!\|)/s.exec(
      readFileSync(join(workspace, 'README.md'), 'utf8'),
    )!
    const manifests = installations['production']!()
    const secrets = workloads(manifests).flatMap(({ spec }) =>
      (spec.template.spec.volumes ?? []).flatMap(({ secret }: any) => secret?.secretName ?? []),
    )
    const certificates = manifests
      .filter(({ kind }) => kind === 'Gateway')
      .flatMap(({ spec }) => spec.listeners)
      .flatMap(({ tls }) => tls.certificateRefs)
    const outside = new Set([...secrets, ...certificates.map(({ name }) => name)])
    expect(outside.size).toBeGreaterThan(services().length)
    expect([...outside].filter((name) => !table!.includes(`\`${name}\``))).toEqual([])
  })
})
