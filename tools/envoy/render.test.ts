import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeWith } from '@quartet/testing'
import { services, workspace } from '../services.ts'
import { edgeConfig } from './edge-config.ts'
import { renderEnvoy } from './render.ts'
import { envoy } from './testing-envoy.ts'
import { validateEnvoy } from './validate.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'render-envoy-'))
  await renderEnvoy({
    directory,
    edge: { host: '0.0.0.0', port: 18080 },
    adminPort: 19901,
    metricsPort: 19902,
    services: services().map(({ name, port }) => ({ name, host: name, port })),
  })
})
afterEach(() => rm(directory, { recursive: true }))

const edit = async (name: string, change: (text: string) => string) => {
  const file = join(directory, name)
  const text = await readFile(file, 'utf8')
  expect(change(text)).not.toBe(text)
  await writeFile(file, change(text))
}

test('the copy of envoy.yaml differs only in addresses and services', async () => {
  expect((await readdir(directory)).toSorted()).toEqual([
    'clusters.yaml',
    'contract.binpb',
    'envoy.yaml',
    'routes.yaml',
  ])
  const original = (await readFile(join(workspace, 'envoy/envoy.yaml'), 'utf8')).split('\n')
  const copy = (await readFile(join(directory, 'envoy.yaml'), 'utf8')).split('\n')
  const changed = copy.filter((line, index) => line !== original[index]).map((line) => line.trim())
  expect(changed).toEqual([
    expect.stringContaining('127.0.0.1, port_value: &ADMIN_PORT 19901'),
    expect.stringContaining('"0.0.0.0", port_value: &PORT 18080'),
    expect.stringMatching(/services: &SERVICES \[.*"quartet\.user\.v1\.UserService"/),
    expect.stringContaining('*HOST, port_value: &METRICS_PORT 19902'),
    expect.stringContaining('&OWN_HOST "127.0.0.1", port_value: *PORT'),
  ])
})

test('an envoy.yaml that lost an anchor is refused', () => {
  const config = { host: '127.0.0.1', port: 1, adminPort: 2, metricsPort: 3, services: [] }
  expect(() => edgeConfig('admin: &ADMIN_PORT 9901', config)).toThrow('envoy.yaml has no anchor HOST')
})

describeWith('Envoy', envoy !== undefined, () => {
  test('Envoy accepts the files', () => validateEnvoy(envoy!, directory))

  test.each([
    ['envoy.yaml', 'use_remote_address', 'use_remote_adress'],
    ['routes.yaml', 'max_stream_duration: 6s', 'max_stream_time: 6s'],
    ['routes.yaml', 'cluster: user', 'cluster: usr'],
    ['clusters.yaml', 'grpc_health_check', 'grpc_health'],
  ])('and finds a mistake in %s: %s', async (name, right, wrong) => {
    await edit(name, (text) => text.replace(right, wrong))
    await expect(validateEnvoy(envoy!, directory)).rejects.toThrow(wrong.split(': ')[0])
  })
})
