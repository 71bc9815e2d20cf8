import { EventEmitter, once } from 'node:events'
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { watchFiles } from './watch-files.ts'

let folder: string
let watcher: { close: () => void }
const told = new EventEmitter<{ change: [string[]] }>()
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'quartet-watch-'))
  mkdirSync(join(folder, 'src'))
  mkdirSync(join(folder, 'src/generated'))
  writeFileSync(join(folder, 'src/main.ts'), '')
  watcher = watchFiles([folder], (files) => void told.emit('change', files))
})
afterEach(() => {
  watcher.close()
  rmSync(folder, { recursive: true })
})

const changed = async (): Promise<string[]> => (await once(told, 'change')).flat()

test('a file that an editor replaces is seen each time', async () => {
  const file = join(folder, 'src/main.ts')
  for (const text of ['once', 'twice', 'three times']) {
    const change = changed()
    writeFileSync(`${file}~`, text)
    renameSync(`${file}~`, file)
    expect(await change).toEqual([file])
  }
})

test('a new folder is watched, with what is in it from the beginning', async () => {
  const [first, second] = [join(folder, 'src/new/deep/a.ts'), join(folder, 'src/new/deep/b.proto')]
  const change = changed()
  mkdirSync(join(folder, 'src/new/deep'), { recursive: true })
  writeFileSync(first, '')
  expect(await change).toEqual([first])

  const next = changed()
  writeFileSync(second, '')
  expect(await next).toEqual([second])
})

test('tests, generated code and files that are no source are left out', async () => {
  const change = changed()
  writeFileSync(join(folder, 'src/main.test.ts'), '')
  writeFileSync(join(folder, 'src/generated/client.ts'), '')
  writeFileSync(join(folder, 'src/.main.ts.swp'), '')
  writeFileSync(join(folder, 'src/last.ts'), '')
  expect(await change).toEqual([join(folder, 'src/last.ts')])
})
