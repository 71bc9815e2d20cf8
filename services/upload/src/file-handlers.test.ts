import { randomUUID } from 'node:crypto'
import { readdirSync, readlinkSync } from 'node:fs'
import { PassThrough, Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { status } from '@grpc/grpc-js'
import { expectToEndWhileLocked, failure } from '@quartet/testing'
import type { FileStore } from './file-store.ts'
import { content, download, eventually, MiB, serve, whole } from './testing/serve.ts'

/** Bytes that the store has been asked for. */
let read = 0
const service = await serve({ maxFileSize: 128 * MiB })
afterAll(() => service.close())
const counting = await service.replica((store: FileStore) => ({
  ...store,
  async *read(...args) {
    for await (const piece of store.read(...args)) {
      read += piece.length
      yield piece
    }
  },
}))
const sub = randomUUID()
const ada = await counting.client({ sub })
const eve = await service.client()
const admin = await service.client({ role: 'ADMIN' })

const store = async (length: number, client = ada) => {
  const { bytes, size, sha256 } = content(length)
  const { fileId } = await client.uploadChunks(whole(bytes, { size, sha256 }))
  return { fileId, bytes }
}

describe('UploadFile', () => {
  const { bytes, size, sha256 } = content(3 * MiB + 1)
  /** As Envoy makes it of a POST: the query and the content type come with the first bytes. */
  function* posted(first: object, end = bytes.length) {
    yield { ...first, body: { contentType: 'text/csv', data: bytes.subarray(0, 32_768) } }
    for (let offset = 32_768; offset < end; offset += 32_768)
      yield { body: { data: bytes.subarray(offset, offset + 32_768) } }
  }
  const post = (first: object, client = ada) => client.uploadFile(Readable.from(posted(first)))

  test.each([
    ['its size', { size }],
    ['its checksum', { sha256 }],
    ['both', { size, sha256 }],
  ])('stores a file that says %s', async (_, said) => {
    const { file } = await post({ name: 'table.csv', ...said })
    expect(file).toMatchObject({ name: 'table.csv', contentType: 'text/csv', size, sha256, ownerId: sub })
    const { bytes: stored } = await download(ada.downloadFile({ fileId: file!.id }))
    expect(stored.equals(bytes)).toBe(true)
  })

  test('an empty file is one', async () => {
    const { file } = await ada.uploadFile(Readable.from([{ name: 'empty', size: 0 }]))
    expect(file).toMatchObject({ size: '0', contentType: 'application/octet-stream' })
    expect((await download(ada.downloadFile({ fileId: file!.id }))).bytes).toHaveLength(0)
  })

  // Guarantee 4.
  test.each<[string, object, status, string]>([
    ['neither size nor checksum', { name: 'x' }, status.FAILED_PRECONDITION, 'COMMIT_MISSING'],
    ['no name', { size }, status.INVALID_ARGUMENT, 'INVALID_REQUEST'],
    ['fewer bytes than it says', { name: 'x', size: Number(size) + 1 }, status.DATA_LOSS, 'SIZE_MISMATCH'],
    ['more bytes than it says', { name: 'x', size: Number(size) - 1 }, status.DATA_LOSS, 'SIZE_MISMATCH'],
    ['other bytes', { name: 'x', sha256: '0'.repeat(64) }, status.DATA_LOSS, 'CHECKSUM_MISMATCH'],
    ['too many bytes', { name: 'x', size: 129 * MiB }, status.RESOURCE_EXHAUSTED, 'FILE_TOO_LARGE'],
  ])('%s: refused, and nothing is kept', async (_, first, code, reason) => {
    const before = readdirSync(service.folder)
    const grace = await service.client()
    expect(await failure(post(first, grace))).toMatchObject({ code, reason })
    expect((await grace.listFiles({})).files).toEqual([])
    expect(readdirSync(service.folder)).toEqual(before)
  })

  test('cut in the middle it keeps nothing', async () => {
    const before = readdirSync(service.folder)
    const stream = new PassThrough({ objectMode: true })
    const cut = new AbortController()
    const call = failure(ada.uploadFile(stream, { signal: cut.signal }))
    for (const message of posted({ name: 'cut.csv', size }, MiB)) stream.write(message)
    await eventually(async () => readdirSync(service.folder).length > before.length)
    cut.abort()
    await call
    await eventually(async () => readdirSync(service.folder).length === before.length)
    expect((await service.pool.query('select from segments where file_id is null')).rowCount).toBe(0)
  })

  test('nothing at all is no file', async () => {
    expect(await failure(ada.uploadFile(Readable.from([])))).toMatchObject({ reason: 'COMMIT_MISSING' })
  })
})

describe('DownloadFile', () => {
  test.each([
    ['all of it', {}, 0, 200_000],
    ['from somewhere on', { offset: 65_537 }, 65_537, 200_000],
    ['a part', { offset: 10, length: 100_000 }, 10, 100_010],
    ['to past its end', { offset: 199_999, length: '9223372036854775807' }, 199_999, 200_000],
    ['its very end', { offset: 200_000 }, 200_000, 200_000],
  ])('%s, and what it is in the first message', async (_, part, start, end) => {
    const { fileId, bytes } = await store(200_000)
    const { bytes: part_, types } = await download(ada.downloadFile({ fileId, ...part }))
    expect(part_.equals(bytes.subarray(start, end))).toBe(true)
    expect(types).toEqual(['image/png', ...types.slice(1).map(() => '')])
  })

  test('there is nothing behind the end', async () => {
    const { fileId } = await store(10)
    for (const offset of [11, '9223372036854775807'])
      expect(await failure(download(ada.downloadFile({ fileId, offset })))).toMatchObject({
        code: status.OUT_OF_RANGE,
        reason: 'OFFSET_MISMATCH',
      })
  })

  // Guarantee 5.
  test('a reader that stops holds the disk back, and one that leaves has it closed', async () => {
    const { fileId } = await store(96 * MiB)
    read = 0
    const reader = ada.downloadFile({ fileId })[Symbol.asyncIterator]()
    await reader.next()
    // Until nothing more is read. What is on its way is within the windows of HTTP/2.
    for (let before = -1; before !== read; await delay(50)) before = read
    expect(read).toBeLessThan(32 * MiB)
    await reader.return!()
    await eventually(async () => openFiles() === 0)
  })
})

/** How many of the service's files this process has open; Linux tells. */
const openFiles = () =>
  readdirSync('/dev/fd').filter((fd) => {
    try {
      return readlinkSync(`/dev/fd/${fd}`).startsWith(service.folder)
    } catch {
      return false // It was the folder itself, read just now.
    }
  }).length

describe('GetFile, DeleteFile', () => {
  test('its owner and administrators; for others it is as if it were not there', async () => {
    const { fileId } = await store(10)
    const missing = { code: status.NOT_FOUND, reason: 'FILE_NOT_FOUND' }
    for (const client of [ada, admin]) {
      expect((await client.getFile({ fileId })).file).toMatchObject({ id: fileId, ownerId: sub })
      expect((await download(client.downloadFile({ fileId }))).bytes).toHaveLength(10)
    }
    expect(await failure(eve.getFile({ fileId }))).toMatchObject(missing)
    expect(await failure(download(eve.downloadFile({ fileId })))).toMatchObject(missing)
    expect(await failure(eve.deleteFile({ fileId }))).toMatchObject(missing)
    expect(await failure(ada.getFile({ fileId: randomUUID() }))).toMatchObject(missing)
  })

  test('a deleted file is gone, its bytes too, and an administrator can do that', async () => {
    for (const client of [ada, admin]) {
      const { fileId } = await store(10)
      const { rows } = await service.pool.query('select key from segments where file_id = $1', [fileId])
      expect(readdirSync(service.folder)).toContain(rows[0].key)
      await client.deleteFile({ fileId })
      expect(readdirSync(service.folder)).not.toContain(rows[0].key)
      expect(await failure(ada.getFile({ fileId }))).toMatchObject({ code: status.NOT_FOUND })
      expect(await failure(client.deleteFile({ fileId }))).toMatchObject({ code: status.NOT_FOUND })
    }
  })

  test('a deletion that was cut short is finished by the sweep', async () => {
    const broken = await service.replica((store) => ({
      ...store,
      remove: () => Promise.reject(new Error('killed right here')),
    }))
    const { fileId } = await store(10)
    const { rows } = await service.pool.query(
      `update segments set created_at = now() - interval '2 hours' where file_id = $1 returning key`,
      [fileId],
    )
    await (await broken.client({ sub })).deleteFile({ fileId })
    expect(await failure(ada.getFile({ fileId }))).toMatchObject({ code: status.NOT_FOUND })
    expect(readdirSync(service.folder)).toContain(rows[0].key)
    await service.sweep()
    expect(readdirSync(service.folder)).not.toContain(rows[0].key)
  })
})

describe('ListFiles', () => {
  test('pages through one’s own, each once, oldest first; an administrator sees everybody’s', async () => {
    const sub = randomUUID()
    const grace = await service.client({ sub })
    const ids: string[] = []
    for (let i = 0; i < 5; i++) ids.push((await store(i, grace)).fileId)
    const listed = async (client: typeof ada) => {
      const files = []
      for (let pageToken = ''; ;) {
        const page = await client.listFiles({ pageSize: 2, pageToken })
        files.push(...page.files)
        if (!(pageToken = page.nextPageToken)) return files
      }
    }
    expect((await listed(grace)).map(({ id }) => id)).toEqual(ids)
    const all = await listed(admin)
    expect(all.filter(({ ownerId }) => ownerId === sub).map(({ id }) => id)).toEqual(ids)
    expect(all.length).toBeGreaterThan(ids.length)
  })

  test('a page token belongs to who got it', async () => {
    await store(1)
    await store(1)
    const { nextPageToken } = await ada.listFiles({ pageSize: 1 })
    expect(await failure(eve.listFiles({ pageToken: nextPageToken }))).toMatchObject({
      code: status.INVALID_ARGUMENT,
      reason: 'PAGE_TOKEN_INVALID',
    })
  })
})

test(
  'a list that nobody waits for any more ends in the database, too',
  () => expectToEndWhileLocked(service, 'files', (options) => ada.listFiles({}, options)),
  25_000,
)
