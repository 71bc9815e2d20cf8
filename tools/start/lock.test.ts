import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lockFolder } from './lock.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'quartet-lock-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const owner = `
  import { lockFolder } from '${join(import.meta.dirname, 'lock.ts')}'
  lockFolder(process.argv[1])
  console.log('locked')
  setInterval(() => {}, 1e6)`

test('a second start names the first, and may begin once that is gone, however it went', async () => {
  const first = spawn(process.execPath, ['--input-type=module', '-e', owner, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(first.stdout, 'data')
  expect(() => lockFolder(folder)).toThrow(`Quartet already runs here as process ${first.pid}.`)

  first.kill('SIGKILL')
  await once(first, 'exit')
  const lock = lockFolder(folder)
  expect(() => lockFolder(folder)).toThrow(`Quartet already runs here as process ${process.pid}.`)
  lock.release()
})

test('a folder that cannot be made is named with the reason', () => {
  const path = join(folder, 'file')
  writeFileSync(path, '')
  expect(() => lockFolder(path)).toThrow(
    `${path} cannot be written (EEXIST: file already exists). Make it a folder`,
  )
})
