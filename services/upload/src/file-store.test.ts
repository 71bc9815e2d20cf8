import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomBytes, randomUUID } from 'node:crypto'
import { failure } from '@quartet/testing'
import { StorageError, type FileStore } from './file-store.ts'
import { localFileStore } from './local-file-store.ts'

const folder = mkdtempSync(join(tmpdir(), 'quartet-store-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

// What the service relies on. Each store passes it.
describe.each<[string, () => Promise<FileStore>]>([['localFileStore', () => localFileStore(folder)]])(
  '%s',
  (_, open) => {
    let store: FileStore
    beforeAll(async () => (store = await open()))

    const write = async (key: string, offset: number, ...pieces: Buffer[]) => {
      const writer = await store.append(key, offset)
      for (const piece of pieces) await writer.write(piece)
      await writer.sync()
      await writer.close()
    }
    const read = async (key: string, start: number, end: number) => {
      const pieces = []
      for await (const piece of store.read(key, start, end)) pieces.push(piece)
      return { bytes: Buffer.concat(pieces), largest: Math.max(0, ...pieces.map(({ length }) => length)) }
    }

    test('reads what was written, in pieces, from anywhere to anywhere', async () => {
      const key = randomUUID()
      const pieces = [1, 100_000, 64 * 1024, 1_000_000].map((length) => randomBytes(length))
      await write(key, 0, ...pieces)
      const bytes = Buffer.concat(pieces)
      const { bytes: all, largest } = await read(key, 0, bytes.length)
      expect(all.equals(bytes)).toBe(true)
      expect(largest).toBeLessThanOrEqual(64 * 1024)
      expect((await read(key, 99, 100_007)).bytes.equals(bytes.subarray(99, 100_007))).toBe(true)
      expect((await read(key, 5, 5)).bytes).toHaveLength(0)
    })

    test('goes on behind what counts, over what does not', async () => {
      const key = randomUUID()
      await write(key, 0, Buffer.from('counts, and this does not'))
      await write(key, 6, Buffer.from(', and goes on'))
      expect((await read(key, 0, 19)).bytes.toString()).toBe('counts, and goes on')
      await write(key, 0, Buffer.from('again'))
      expect((await read(key, 0, 5)).bytes.toString()).toBe('again')
    })

    test('what is not there, or not all there, is an error, and no reading goes short without one', async () => {
      expect(await failure(read(randomUUID(), 0, 1))).toBeInstanceOf(StorageError)
      expect(await failure(store.append(randomUUID(), 7))).toBeInstanceOf(StorageError)
      const key = randomUUID()
      await write(key, 0, Buffer.from('ten bytes.'))
      expect(await failure(read(key, 0, 11))).toBeInstanceOf(StorageError)
    })

    test('a writer that was closed writes no more, and can be closed again', async () => {
      const key = randomUUID()
      const writer = await store.append(key, 0)
      await writer.close()
      await writer.close()
      expect(await failure(writer.sync())).toBeInstanceOf(StorageError)
    })

    test('removes, also what is gone', async () => {
      const key = randomUUID()
      await write(key, 0, Buffer.from('x'))
      await store.remove(key)
      await store.remove(key)
      expect(await failure(read(key, 0, 1))).toBeInstanceOf(StorageError)
    })
  },
)

test('a folder that is not there fails the start in one line that says what to do', async () => {
  const missing = join(folder, 'missing')
  expect(await failure(localFileStore(missing))).toMatchObject({
    message: `FILES_DIR ${missing} cannot be written: there is no such folder. Make it, or mount a volume there.`,
  })
})
