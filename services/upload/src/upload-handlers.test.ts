import { createHash, randomUUID } from 'node:crypto'
import { appendFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { status } from '@grpc/grpc-js'
import { failure } from '@quartet/testing'
import { StorageError, type FileStore } from './file-store.ts'
import { chunks, content, download, eventually, MiB, serve, whole } from './testing/serve.ts'

const service = await serve({ maxFileSize: 32 * MiB })
afterAll(() => service.close())
const sub = randomUUID()
const ada = await service.client({ sub })
const eve = await service.client()

const requests = () => new PassThrough({ objectMode: true })

/** An upload that has received so many bytes, by a stream that was then cut. */
const cutAfter = async (bytes: Buffer, received: number) => {
  const { upload } = await ada.createUpload({ name: 'cut' })
  const stream = requests()
  const cut = new AbortController()
  const call = failure(ada.uploadChunks(stream, { signal: cut.signal }))
  stream.write({ start: { uploadId: upload!.id } })
  for (const chunk of chunks(bytes, 0, received)) stream.write(chunk)
  // So far it may all be on its way; two seconds later at the latest what has arrived is acknowledged.
  await eventually(async () => (await receivedSize(upload!.id)) === received)
  cut.abort()
  await call
  return upload!.id
}
const receivedSize = async (uploadId: string) =>
  Number((await ada.getUpload({ uploadId })).upload!.receivedSize)

describe('UploadChunks', () => {
  test('stores a file that was checked', async () => {
    const { bytes, size, sha256 } = content(20 * MiB + 7)
    const { fileId, ...rest } = await ada.uploadChunks(whole(bytes, { size, sha256 }))
    expect(rest).toEqual({ size, sha256, success: true })
    const { file } = await ada.getFile({ fileId })
    expect(file).toMatchObject({
      id: fileId,
      name: 'whole.bin',
      contentType: 'image/png',
      size,
      sha256,
      ownerId: sub,
    })
    const { bytes: stored } = await download(ada.downloadFile({ fileId }))
    expect(stored.equals(bytes)).toBe(true)
  })

  test('an empty file is one', async () => {
    const { bytes, size, sha256 } = content(0)
    const { fileId } = await ada.uploadChunks(whole(bytes, { size, sha256 }, { name: 'empty' }))
    expect(await download(ada.downloadFile({ fileId }))).toEqual({
      bytes,
      types: ['application/octet-stream'],
    })
  })

  // Guarantee 4.
  test('cut in the middle it makes no file, and goes on at what was acknowledged', async () => {
    const { bytes, size, sha256 } = content(10 * MiB)
    const uploadId = await cutAfter(bytes, 9 * MiB)
    const { upload } = await ada.getUpload({ uploadId })
    expect(upload).toMatchObject({ state: 'UPLOAD_STATE_OPEN', fileId: '', receivedSize: String(9 * MiB) })

    // What the sender is not sure of it may send again.
    const again = async function* () {
      yield { start: { uploadId } }
      yield* chunks(bytes, 9 * MiB - 100_000)
      yield { commit: { size, sha256 } }
    }
    const { fileId } = await ada.uploadChunks(again())
    expect((await download(ada.downloadFile({ fileId }))).bytes.equals(bytes)).toBe(true)
    expect((await ada.getUpload({ uploadId })).upload).toMatchObject({
      state: 'UPLOAD_STATE_COMPLETE',
      fileId,
    })
  })

  test('goes on where another process died, over what it wrote and never acknowledged', async () => {
    const { bytes, size, sha256 } = content(3 * MiB)
    const uploadId = await cutAfter(bytes, MiB)
    // As a process leaves it that is killed between the disk and the database.
    const { rows } = await service.pool.query(
      'update uploads set writer = $2 where id = $1 returning segment',
      [uploadId, randomUUID()],
    )
    appendFileSync(join(service.folder, rows[0].segment), 'what nobody was told of')

    const other = await (await service.replica()).client({ sub })
    const again = async function* () {
      yield { start: { uploadId } }
      yield* chunks(bytes, MiB)
      yield { commit: { size, sha256 } }
    }
    const { fileId } = await other.uploadChunks(again())
    expect((await download(ada.downloadFile({ fileId }))).bytes.equals(bytes)).toBe(true)
    const part = download(ada.downloadFile({ fileId, offset: MiB - 3, length: 7 }))
    expect((await part).bytes.equals(bytes.subarray(MiB - 3, MiB + 4))).toBe(true)
  })

  test('of two who write at once the later has it, and their bytes do not mix', async () => {
    const other = await (await service.replica()).client({ sub })
    const [first, second] = [content(12 * MiB), content(12 * MiB)]
    const { upload } = await ada.createUpload({ name: 'raced' })
    const start = { start: { uploadId: upload!.id } }

    const stream = requests()
    const displaced = failure(ada.uploadChunks(stream))
    stream.write(start)
    for (const chunk of chunks(first.bytes, 0, MiB)) stream.write(chunk)
    await eventually(async () => (await receivedSize(upload!.id)) === MiB)

    const later = requests()
    const winner = other.uploadChunks(later)
    later.write(start)
    for (const chunk of chunks(second.bytes, MiB, 2 * MiB)) later.write(chunk)
    await eventually(async () => (await receivedSize(upload!.id)) === 2 * MiB)
    // The first one knows nothing of that yet, and writes where the second has written.
    for (const chunk of chunks(first.bytes, MiB)) stream.write(chunk)
    stream.end({ commit: { size: first.size, sha256: first.sha256 } })
    expect(await displaced).toMatchObject({ code: status.ABORTED, reason: 'UPLOAD_TAKEN_OVER' })

    const both = Buffer.concat([first.bytes.subarray(0, MiB), second.bytes.subarray(MiB, 2 * MiB)])
    const sha256 = createHash('sha256').update(both).digest('hex')
    later.end({ commit: { size: both.length, sha256 } })
    const { fileId } = await winner
    expect((await download(ada.downloadFile({ fileId }))).bytes.equals(both)).toBe(true)
  })

  const { bytes, size, sha256 } = content(100_000)
  const [chunk, next] = [...chunks(bytes)] as [object, object]
  const start = { start: { name: 'wrong' } }
  test.each<[string, object[], status, string]>([
    ['nothing', [], status.FAILED_PRECONDITION, 'START_MISSING'],
    ['no start', [chunk], status.FAILED_PRECONDITION, 'START_MISSING'],
    ['a second start', [start, start], status.INVALID_ARGUMENT, 'MESSAGE_UNEXPECTED'],
    ['no commit', [start, chunk, next], status.FAILED_PRECONDITION, 'COMMIT_MISSING'],
    ['a gap', [start, next], status.OUT_OF_RANGE, 'OFFSET_MISMATCH'],
    ['a wrong size', [start, chunk, { commit: { size, sha256 } }], status.DATA_LOSS, 'SIZE_MISMATCH'],
    [
      'a wrong checksum',
      [start, chunk, next, { commit: { size, sha256: sha256.replace(/./, 'f').replace(/.$/, 'f') } }],
      status.DATA_LOSS,
      'CHECKSUM_MISMATCH',
    ],
    [
      'a message after the end',
      [start, { commit: { size: 0, sha256 } }, chunk],
      status.INVALID_ARGUMENT,
      'MESSAGE_AFTER_COMMIT',
    ],
    ['an upload nobody knows', [{ start: { uploadId: randomUUID() } }], status.NOT_FOUND, 'UPLOAD_NOT_FOUND'],
  ])('%s: refused, and no file', async (_, messages, code, reason) => {
    const grace = await service.client()
    expect(await failure(grace.uploadChunks(Readable.from(messages)))).toMatchObject({ code, reason })
    expect((await grace.listFiles({})).files).toEqual([])
  })

  test('however it ends, its sender hears which upload it was', async () => {
    let uploadId = ''
    const onTrailers = (trailers: { get(key: string): unknown[] }) =>
      (uploadId = String(trailers.get('x-quartet-upload-id')[0]))
    const messages = [start, chunk, next]
    await failure(ada.uploadChunks(Readable.from(messages), { onTrailers }))
    expect(await receivedSize(uploadId)).toBe(100_000)
    // What was wrong was only the end.
    const { file } = await ada.completeUpload({ uploadId, size, sha256 })
    expect(file).toMatchObject({ name: 'wrong', size, sha256 })
  })

  test('a file can be as large as the limit and no larger', async () => {
    const { bytes, size, sha256 } = content(32 * MiB + 1)
    const large = { code: status.RESOURCE_EXHAUSTED, reason: 'FILE_TOO_LARGE' }
    expect(await failure(ada.uploadChunks(whole(bytes, { size, sha256 })))).toMatchObject(large)
    expect(await failure(ada.createUpload({ name: 'large', size }))).toMatchObject(large)
    await ada.createUpload({ name: 'large', size: 32 * MiB })
  })
})

describe('CreateUpload, UploadChunk, CompleteUpload', () => {
  test('a file in single calls, each of them made twice', async () => {
    const { bytes, size, sha256 } = content(2 * MiB + 5)
    const opened = { name: 'notes.txt', contentType: 'text/plain', size, sha256, requestId: randomUUID() }
    const twice = async <T>(call: () => Promise<T>) => [await call(), await call()]
    const [{ upload }, repeated] = (await twice(() => ada.createUpload(opened))) as [any, any]
    expect(repeated).toEqual({ upload })
    expect(upload).toMatchObject({ name: 'notes.txt', size, receivedSize: '0', state: 'UPLOAD_STATE_OPEN' })

    const uploadId = upload.id.toUpperCase()
    for (let offset = 0; offset < bytes.length; offset += MiB) {
      const data = bytes.subarray(offset, offset + MiB)
      for (const { upload } of await twice(() => ada.uploadChunk({ uploadId, offset, data })))
        expect(upload!.receivedSize).toBe(String(offset + data.length))
    }
    const [done, again] = await twice(() => ada.completeUpload({ uploadId, size, sha256 }))
    expect(again).toEqual(done)
    expect(done!.file).toMatchObject({ name: 'notes.txt', contentType: 'text/plain', size, sha256 })
    const { bytes: stored } = await download(ada.downloadFile({ fileId: done!.file!.id }))
    expect(stored.equals(bytes)).toBe(true)
  })

  test('20 calls at once with the same bytes store them once', async () => {
    const { bytes, size, sha256 } = content(MiB)
    const { upload } = await ada.createUpload({ name: 'at once' })
    const uploadId = upload!.id
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => ada.uploadChunk({ uploadId, offset: 0, data: bytes })),
    )
    expect(answers.map(({ upload }) => upload!.receivedSize)).toEqual(answers.map(() => size))
    const files = await Promise.all(
      Array.from({ length: 5 }, () => ada.completeUpload({ uploadId, size, sha256 })),
    )
    expect(new Set(files.map(({ file }) => file!.id)).size).toBe(1)
  })

  test('a process that has not seen the bytes arrive reads them once to check them', async () => {
    const { bytes, size, sha256 } = content(MiB)
    const { upload } = await ada.createUpload({ name: 'elsewhere' })
    const uploadId = upload!.id
    await ada.uploadChunk({ uploadId, offset: 0, data: bytes })
    const read: number[] = []
    const counting = (store: FileStore): FileStore => ({
      ...store,
      async *read(...args) {
        for await (const piece of store.read(...args)) {
          read.push(piece.length)
          yield piece
        }
      },
    })
    const other = await (await service.replica(counting)).client({ sub })
    const wrong = { uploadId, size, sha256: '0'.repeat(64) }
    expect(await failure(other.completeUpload(wrong))).toMatchObject({ reason: 'CHECKSUM_MISMATCH' })
    await other.completeUpload({ uploadId, size, sha256 })
    expect(read.reduce((a, b) => a + b)).toBe(MiB)
  })

  test('what was said at first holds', async () => {
    const { bytes, size, sha256 } = content(100)
    const { upload } = await ada.createUpload({ name: 'short', size: 99, sha256 })
    const uploadId = upload!.id
    expect(await failure(ada.uploadChunk({ uploadId, offset: 0, data: bytes }))).toMatchObject({
      code: status.DATA_LOSS,
      reason: 'SIZE_MISMATCH',
    })
    const other = await ada.createUpload({ name: 'other', sha256: '0'.repeat(64) })
    await ada.uploadChunk({ uploadId: other.upload!.id, offset: 0, data: bytes })
    expect(await failure(ada.completeUpload({ uploadId: other.upload!.id, size, sha256 }))).toMatchObject({
      code: status.DATA_LOSS,
      reason: 'CHECKSUM_MISMATCH',
    })
  })

  test('somebody else’s upload is as if it were not there', async () => {
    const { upload } = await ada.createUpload({ name: 'hers' })
    const uploadId = upload!.id
    const missing = { code: status.NOT_FOUND, reason: 'UPLOAD_NOT_FOUND' }
    const { size, sha256, bytes: data } = content(1)
    expect(await failure(eve.getUpload({ uploadId }))).toMatchObject(missing)
    expect(await failure(eve.uploadChunk({ uploadId, offset: 0, data }))).toMatchObject(missing)
    expect(await failure(eve.completeUpload({ uploadId, size, sha256 }))).toMatchObject(missing)
    expect(await failure(eve.uploadChunks(Readable.from([{ start: { uploadId } }])))).toMatchObject(missing)
    const admin = await service.client({ role: 'ADMIN' })
    expect(await failure(admin.getUpload({ uploadId }))).toMatchObject(missing)
  })

  test('the same request_id with another body is refused; of another caller it is another one', async () => {
    const request = { name: 'once', requestId: randomUUID() }
    await ada.createUpload(request)
    expect(await failure(ada.createUpload({ ...request, name: 'twice' }))).toMatchObject({
      code: status.ALREADY_EXISTS,
      reason: 'REQUEST_ID_REUSED',
    })
    await eve.createUpload({ ...request, name: 'twice' })
  })
})

// Guarantee 1.
test('nothing is acknowledged before it is durable', async () => {
  const syncs: PromiseWithResolvers<void>[] = []
  const reached = Promise.withResolvers<void>()
  const slow = await service.replica((store) => ({
    ...store,
    async append(key, offset) {
      const writer = await store.append(key, offset)
      return {
        ...writer,
        async sync() {
          const sync = Promise.withResolvers<void>()
          syncs.push(sync)
          reached.resolve()
          await sync.promise
          await writer.sync()
        },
      }
    },
  }))
  const client = await slow.client({ sub })
  const { upload } = await client.createUpload({ name: 'slow' })
  const uploadId = upload!.id
  const call = client.uploadChunk({ uploadId, offset: 0, data: Buffer.from('not yet') })
  await reached.promise
  expect(await receivedSize(uploadId)).toBe(0)
  syncs[0]!.resolve()
  expect((await call).upload!.receivedSize).toBe('7')
  expect(syncs).toHaveLength(1)
})

describe('a store that fails', () => {
  /** A disk that has room for so many bytes; to fill a real one would hurt others. */
  const withRoomFor = (room: number) => (store: FileStore) => ({
    ...store,
    async append(key: string, offset: number) {
      const writer = await store.append(key, offset)
      let left = room
      return {
        ...writer,
        write(bytes: Buffer) {
          left -= bytes.length
          return left < 0 ? Promise.reject(new StorageError('ENOSPC', { full: true })) : writer.write(bytes)
        },
        sync: () => (left < 0 ? Promise.reject(new StorageError('ENOSPC', { full: true })) : writer.sync()),
      }
    },
  })

  test('that it is full is said; what was acknowledged stays, and with room again it goes on', async () => {
    const { bytes, size, sha256 } = content(3 * MiB)
    const full = await (await service.replica(withRoomFor(MiB))).client({ sub })
    const { upload } = await ada.createUpload({ name: 'full' })
    const uploadId = upload!.id
    const send = (client: typeof ada, offset: number) =>
      client.uploadChunk({ uploadId, offset, data: bytes.subarray(offset, offset + MiB) })
    await send(full, 0)
    const exhausted = { code: status.RESOURCE_EXHAUSTED, reason: 'STORAGE_FULL' }
    const half = await (await service.replica(withRoomFor(MiB / 2))).client({ sub })
    expect(await failure(send(half, MiB))).toMatchObject(exhausted)
    expect(await receivedSize(uploadId)).toBe(MiB)
    await send(ada, MiB)
    await send(ada, 2 * MiB)
    const { file } = await ada.completeUpload({ uploadId, size, sha256 })
    expect((await download(ada.downloadFile({ fileId: file!.id }))).bytes.equals(bytes)).toBe(true)
  })

  test('that it is away is UNAVAILABLE', async () => {
    const gone = (store: FileStore) => ({
      ...store,
      append: () => Promise.reject(new StorageError('EIO: i/o error')),
    })
    const client = await (await service.replica(gone)).client({ sub })
    const { upload } = await client.createUpload({ name: 'away' })
    expect(
      await failure(client.uploadChunk({ uploadId: upload!.id, offset: 0, data: Buffer.from('x') })),
    ).toMatchObject({ code: status.UNAVAILABLE, reason: 'STORAGE_UNAVAILABLE' })
  })
})

describe('the sweep', () => {
  const keysOf = async (column: string, id: string) =>
    (await service.pool.query(`select key from segments where ${column} = $1`, [id])).rows.map(
      ({ key }) => key,
    )

  test('an upload is given up when its time is over, and its bytes go', async () => {
    const uploadId = await cutAfter(content(MiB).bytes, MiB)
    const keys = await keysOf('upload_id', uploadId)
    expect(readdirSync(service.folder)).toEqual(expect.arrayContaining(keys))
    await service.pool.query(`update uploads set expires_at = now() where id = $1`, [uploadId])
    await service.pool.query(
      `update segments set created_at = now() - interval '2 hours' where upload_id = $1`,
      [uploadId],
    )
    expect((await ada.getUpload({ uploadId })).upload!.state).toBe('UPLOAD_STATE_EXPIRED')
    expect(await failure(ada.uploadChunk({ uploadId, offset: MiB, data: Buffer.from('x') }))).toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: 'UPLOAD_NOT_OPEN',
      metadata: { state: 'EXPIRED' },
    })

    await service.sweep()
    const { upload } = await ada.getUpload({ uploadId })
    expect(upload).toMatchObject({ state: 'UPLOAD_STATE_EXPIRED', receivedSize: '0' })
    for (const key of keys) expect(readdirSync(service.folder)).not.toContain(key)
    expect((await service.pool.query('select from segments where key = any($1)', [keys])).rowCount).toBe(0)

    await service.pool.query(`update uploads set expires_at = now() - interval '8 days' where id = $1`, [
      uploadId,
    ])
    await service.sweep()
    expect(await failure(ada.getUpload({ uploadId }))).toMatchObject({ code: status.NOT_FOUND })
  })

  test('leaves alone what is a file, and what may still be written', async () => {
    const { bytes, size, sha256 } = content(1000)
    const { fileId } = await ada.uploadChunks(whole(bytes, { size, sha256 }))
    await service.pool.query(
      `update segments set created_at = now() - interval '2 hours' where file_id = $1`,
      [fileId],
    )
    await service.pool.query('insert into segments (key) values ($1)', [randomUUID()])
    const before = readdirSync(service.folder)
    await service.sweep()
    expect(readdirSync(service.folder)).toEqual(before)
    expect((await download(ada.downloadFile({ fileId }))).bytes.equals(bytes)).toBe(true)
  })
})
