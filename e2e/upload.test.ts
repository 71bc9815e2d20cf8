import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { UploadService } from '@quartet/proto/upload'
import { createClient, RpcError } from '@quartet/rpc'
import { describeWith, failure } from '@quartet/testing'
import { callers } from '@quartet/tools/callers'
import { hasEnvoy, start } from './suite.ts'

const MiB = 1024 * 1024

describeWith('Envoy', hasEnvoy, () => {
  let suite: Awaited<ReturnType<typeof start>>
  let edge: ReturnType<typeof callers>
  let token: string
  let uploads: ReturnType<typeof createClient<typeof UploadService>>
  beforeAll(async () => {
    suite = await start()
    edge = callers(suite.edge)
    const { email, password } = suite.account('VIEWER')
    const { json } = await edge.http('/v1/auth:signIn', { method: 'POST', body: { email, password } })
    token = (json as { tokens: { accessToken: string } }).tokens.accessToken
    uploads = createClient(UploadService, { target: suite.edge, token: () => token })
  }, 120_000)
  afterAll(async () => {
    uploads?.close()
    edge?.close()
    await suite?.stop()
  })

  const content = (length: number) => {
    const bytes = randomBytes(length)
    return { bytes, size: String(length), sha256: createHash('sha256').update(bytes).digest('hex') }
  }
  const download = async (fileId: string, query = '') => {
    const response = await fetch(`http://${suite.edge}/v1/files/${fileId}:download${query}`, {
      headers: { authorization: `Bearer ${token}` },
    })
    const bytes = Buffer.from(await response.arrayBuffer())
    return { bytes, type: response.headers.get('content-type') }
  }

  test('a plain POST of 20 MB, and a plain GET of it', async () => {
    const { bytes, size, sha256 } = content(20_000_000)
    const response = await fetch(
      `http://${suite.edge}/v1/files?name=cat%20%F0%9F%90%88.png&size=${size}&sha256=${sha256}`,
      {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'image/png' },
        body: bytes,
      },
    )
    const { file } = (await response.json()) as { file: { id: string } }
    expect(file).toMatchObject({ name: 'cat 🐈.png', contentType: 'image/png', size, sha256 })
    const all = await download(file.id)
    expect(all.type).toBe('image/png')
    expect(all.bytes.equals(bytes)).toBe(true)
    const part = await download(file.id, '?offset=10000000&length=1000')
    expect(part.bytes.equals(bytes.subarray(10_000_000, 10_001_000))).toBe(true)
  })

  test('a POST that says neither size nor checksum, or a wrong one, makes no file', async () => {
    const before = await uploads.listFiles({ pageSize: 1000 })
    const post = (query: string) =>
      edge.http(`/v1/files?${query}`, { method: 'POST', body: content(100_000).bytes, token })
    expect(await post('name=x')).toMatchObject({
      status: 400,
      json: { details: [{ reason: 'COMMIT_MISSING' }] },
    })
    expect(await post('name=x&size=99999')).toMatchObject({
      json: { details: [{ reason: 'SIZE_MISMATCH' }] },
    })
    expect(await post('size=100000')).toMatchObject({ status: 400 })
    expect(await uploads.listFiles({ pageSize: 1000 })).toEqual(before)
  })

  // Guarantee 4.
  test('a POST that is cut makes no file', async () => {
    const { bytes } = content(4 * MiB)
    const [host, port] = suite.edge.split(':') as [string, string]
    const socket = connect(Number(port), host)
    const before = await uploads.listFiles({ pageSize: 1000 })
    socket.write(
      `POST /v1/files?name=cut&size=${bytes.length} HTTP/1.1\r\nhost: ${suite.edge}\r\n` +
        `authorization: Bearer ${token}\r\ncontent-length: ${bytes.length}\r\n\r\n`,
    )
    await new Promise<void>((sent) => socket.write(bytes.subarray(0, 3 * MiB), () => sent()))
    socket.destroy()
    const { fileId } = await uploads.uploadChunks(whole(content(10)))
    const after = await uploads.listFiles({ pageSize: 1000 })
    expect(after.files.map(({ id }) => id)).toEqual([...before.files.map(({ id }) => id), fileId])
  })

  test('a browser sends a file in pieces of JSON, goes on after a cut, and gets it back', async () => {
    const { bytes, size, sha256 } = content(2 * MiB + 3)
    const post = async (path: string, body: object) =>
      (await edge.http(path, { method: 'POST', body, token })).json as any
    const { upload } = await post('/v1/uploads', { name: 'page.html', contentType: 'text/html' })
    const path = `/v1/uploads/${upload.id}`
    for (;;) {
      const { json } = (await edge.http(path, { token })) as any
      const offset = Number(json.upload.receivedSize)
      if (offset === bytes.length) break
      await post(`${path}:chunk`, { offset, data: bytes.subarray(offset, offset + MiB).toString('base64') })
    }
    const { file } = await post(`${path}:complete`, { size, sha256 })
    expect(file).toMatchObject({ name: 'page.html', contentType: 'text/html', size, sha256 })
    expect((await download(file.id)).bytes.equals(bytes)).toBe(true)
  })

  async function* whole({ bytes, size, sha256 }: ReturnType<typeof content>) {
    yield { start: { name: 'whole' } }
    yield* chunks(bytes)
    yield { commit: { size, sha256 } }
  }
  function* chunks(bytes: Buffer, from = 0, to = bytes.length) {
    for (let offset = from; offset < to; offset += 65_536)
      yield { chunk: { offset, data: bytes.subarray(offset, Math.min(offset + 65_536, to)) } }
  }
  async function* resumed(
    uploadId: string,
    from: number,
    { bytes, size, sha256 }: ReturnType<typeof content>,
  ) {
    yield { start: { uploadId } }
    yield* chunks(bytes, from)
    yield { commit: { size, sha256 } }
  }

  /** Whatever tries meet while a process is away, there is an answer in the end. */
  const receivedSize = async (uploadId: string) => {
    for (;;) {
      try {
        return Number((await uploads.getUpload({ uploadId })).upload!.receivedSize)
      } catch (error) {
        if (!(error instanceof RpcError) || error.reason === 'UPLOAD_NOT_FOUND') throw error
        await delay(20)
      }
    }
  }
  const untilReceived = async (uploadId: string, size: number) => {
    while ((await receivedSize(uploadId)) < size) await delay(20)
  }

  /** A way to the edge that can be cut, and the client that takes it. */
  const lineToEdge = async () => {
    const [host, port] = suite.edge.split(':') as [string, string]
    const sockets: Socket[] = []
    const line = createServer((near) => {
      const far = connect(Number(port), host)
      sockets.push(near, far)
      for (const socket of [near, far]) socket.on('error', () => {})
      near.pipe(far).pipe(near)
    }).listen(0, '127.0.0.1')
    await once(line, 'listening')
    const target = `127.0.0.1:${(line.address() as AddressInfo).port}`
    const client = createClient(UploadService, { target, token: () => token })
    return {
      client,
      cut() {
        line.close()
        for (const socket of sockets) socket.destroy()
        client.close()
      },
    }
  }

  // Guarantees 1 and 4: cut by the sender, and by kill -9 of the service.
  test.each(['the connection is cut', 'the service is killed'])(
    'what was acknowledged is there when %s, no file is, and it goes on to the same bytes',
    async (how) => {
      const file = content(24 * MiB)
      const { upload } = await uploads.createUpload({ name: how })
      const uploadId = upload!.id
      const line = await lineToEdge()
      const requests = new PassThrough({ objectMode: true })
      const call = failure(line.client.uploadChunks(requests))
      requests.write({ start: { uploadId } })
      for (const chunk of chunks(file.bytes, 0, 20 * MiB)) requests.write(chunk)
      await untilReceived(uploadId, 8 * MiB)
      const acknowledged = await receivedSize(uploadId)
      const { pid } = suite.processes().find(({ name }) => name === 'upload')!
      if (how === 'the service is killed') process.kill(pid, 'SIGKILL')
      else line.cut()
      expect(await call).toBeInstanceOf(RpcError)

      const stored = await receivedSize(uploadId)
      expect(stored).toBeGreaterThanOrEqual(acknowledged)
      expect((await uploads.getUpload({ uploadId })).upload).toMatchObject({
        state: 'UPLOAD_STATE_OPEN',
        fileId: '',
      })
      const { fileId, success } = await uploads.uploadChunks(resumed(uploadId, stored, file))
      expect(success).toBe(true)
      expect((await download(fileId)).bytes.equals(file.bytes)).toBe(true)
      line.cut()
    },
  )
})
