import { createHash, randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { status } from '@grpc/grpc-js'
import { failure } from '@quartet/testing'
import sharp from 'sharp'
import { checksum, count } from './operations.ts'
import { download, MiB, serve } from './testing/serve.ts'

const service = await serve()
afterAll(() => service.close())
const ada = await service.client()

const store = async (bytes: Buffer, name = 'a file', client = ada) => {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  function* posted() {
    yield { name, sha256, body: { contentType: 'x/y' } }
    for (let at = 0; at < bytes.length; at += MiB) yield { body: { data: bytes.subarray(at, at + MiB) } }
  }
  return (await client.uploadFile(Readable.from(posted()))).file!
}
const picture = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: 'teal' } })

type Item = [operation: string, fileId: string]
const batch = (items: Item[], client = ada) =>
  client.processBatch(
    Readable.from([
      ...items.map(([operation, fileId], i) => ({
        item: { processId: `p${i}`, fileId, operation: `PROCESS_OPERATION_${operation}` },
      })),
      { commit: { count: items.length } },
    ]),
  )
const names = async () => (await ada.listFiles({ pageSize: 1000 })).files.map(({ name }) => name)

test('each item is done or listed with why not, in the order of the items', async () => {
  const text = await store(Buffer.from('one two\nthree\n'))
  const image = await store(await picture(600, 300).jpeg().toBuffer(), 'teal.jpg')
  const bomb = await store(await picture(7_100, 7_100).png().toBuffer())
  const svg = await store(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'))
  const hers = await store(Buffer.from('private'), 'hers', await service.client())
  const { processedCount, results, errors } = await batch([
    ['COUNT', text.id],
    ['THUMBNAIL', text.id],
    ['THUMBNAIL', bomb.id],
    ['CHECKSUM', text.id],
    ['THUMBNAIL', image.id],
    ['THUMBNAIL', svg.id],
    ['CHECKSUM', hers.id],
    ['CHECKSUM', 'no id'],
    ['UNSPECIFIED', text.id],
  ])
  expect(processedCount).toBe(3)
  expect(results).toMatchObject([
    { processId: 'p0', counts: { lines: '2', words: '3', bytes: '14' }, checksum: '', thumbnailFileId: '' },
    { processId: 'p3', checksum: text.sha256, counts: null },
    { processId: 'p4', checksum: '', counts: null },
  ])
  expect(errors.map(({ processId, status }) => [processId, status!.code, status!.message])).toEqual([
    ['p1', status.FAILED_PRECONDITION, 'not a picture'],
    ['p2', status.FAILED_PRECONDITION, 'picture too large'],
    ['p5', status.FAILED_PRECONDITION, 'not a picture'],
    ['p6', status.NOT_FOUND, 'file not found'],
    ['p7', status.INVALID_ARGUMENT, expect.stringContaining('file_id')],
    ['p8', status.INVALID_ARGUMENT, expect.stringContaining('operation')],
  ])

  const fileId = results[2]!.thumbnailFileId
  const { file } = await ada.getFile({ fileId })
  expect(file).toMatchObject({
    name: 'teal.jpg.thumbnail.webp',
    contentType: 'image/webp',
    ownerId: image.ownerId,
  })
  const { bytes } = await download(ada.downloadFile({ fileId }))
  expect(String(bytes.length)).toBe(file!.size)
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(file!.sha256)
  expect(await sharp(bytes).metadata()).toMatchObject({ format: 'webp', width: 256, height: 128 })
})

test('a thumbnail has a name that is not too long', async () => {
  const image = await store(await picture(10, 10).png().toBuffer(), '🐈'.repeat(255))
  const { results } = await batch([['THUMBNAIL', image.id]])
  const { file } = await ada.getFile({ fileId: results[0]!.thumbnailFileId })
  expect(file!.name).toMatch(/^(🐈)+.*\.thumbnail\.webp$/u)
})

// Guarantee 4.
test.each<[string, object[], status, string]>([
  ['no commit', [], status.FAILED_PRECONDITION, 'COMMIT_MISSING'],
  ['another count', [{ commit: { count: 2 } }], status.FAILED_PRECONDITION, 'COMMIT_MISMATCH'],
])('%s: refused, and nothing is made', async (_, end, code, reason) => {
  const image = await store(await picture(10, 10).png().toBuffer(), `${randomUUID()}.png`)
  const item = { processId: 'p', fileId: image.id, operation: 'PROCESS_OPERATION_THUMBNAIL' }
  expect(await failure(ada.processBatch(Readable.from([{ item }, ...end])))).toMatchObject({ code, reason })
  expect(await names()).not.toContain(`${image.name}.thumbnail.webp`)
})

test('a batch that is cancelled while it is worked on leaves no thumbnail', async () => {
  const image = await store(await picture(10, 10).png().toBuffer(), `${randomUUID()}.png`)
  const text = await store(Buffer.from('x'))
  const [stored, reading] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const cut = new AbortController()
  // The thumbnail is stored while the text is still being read, and that is when the caller goes.
  const stuck = await service.replica((store) => ({
    ...store,
    async append(key, offset) {
      const writer = await store.append(key, offset)
      return { ...writer, sync: () => writer.sync().then(stored.resolve) }
    },
    async *read(key, start, end) {
      if (end - start === 1) {
        reading.resolve()
        await new Promise<void>((resolve) =>
          cut.signal.addEventListener('abort', () => setImmediate(resolve)),
        )
      }
      yield* store.read(key, start, end)
    },
  }))
  const client = await stuck.client({ sub: image.ownerId })
  const items = [
    { item: { processId: '1', fileId: image.id, operation: 'PROCESS_OPERATION_THUMBNAIL' } },
    { item: { processId: '2', fileId: text.id, operation: 'PROCESS_OPERATION_COUNT' } },
    { commit: { count: 2 } },
  ]
  const call = failure(client.processBatch(Readable.from(items), { signal: cut.signal }))
  await Promise.all([stored.promise, reading.promise])
  // Whatever else would be done about it has been done by the time that others are answered.
  for (let i = 0; i < 5; i++) await names()
  cut.abort()
  expect(await call).toMatchObject({ code: status.CANCELLED })
  expect(await names()).not.toContain(`${image.name}.thumbnail.webp`)
})

test('more than 1000 items are too many', async () => {
  const items = Array.from({ length: 1001 }, (): Item => ['COUNT', randomUUID()])
  expect(await failure(batch(items))).toMatchObject({
    code: status.RESOURCE_EXHAUSTED,
    reason: 'BATCH_TOO_LARGE',
  })
  expect((await batch(items.slice(1))).errors).toHaveLength(1000)
})

test('an empty batch is one', async () => {
  expect(await batch([])).toEqual({ processedCount: 0, results: [], errors: [] })
})

test('words and lines are counted across pieces', async () => {
  const text = Buffer.from(' one\ttwo\r\nthree four\n\nfive')
  for (let size = 1; size < text.length; size++) {
    const pieces = Readable.from(
      Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
        text.subarray(i * size, (i + 1) * size),
      ),
    )
    expect(await count(pieces)).toEqual({ lines: 3, words: 5, bytes: text.length })
  }
  expect(await checksum(Readable.from([]))).toBe(createHash('sha256').digest('hex'))
})
