import { codecOf } from '@quartet/proto/codec'
import { UploadService } from '@quartet/proto/upload'
import { services } from '@quartet/tools/services'
import { atLeast, compare, ratioAtMost } from './compare.ts'
import { connect, write } from './load.ts'
import { cpuPer, start, type Measured } from './process.ts'

/** UploadChunks with chunks of 64 KiB: what a gigabyte costs its server, and how fast it gets there from afar. */
const method = UploadService.methods.find(({ name }) => name === 'UploadChunks')!
const { path } = method
const codec = codecOf(method)
const MiB = 1024 * 1024
const chunkBytes = 64 * 1024
const first = codec.requestSerialize({ start: { name: 'bench' } })
const chunk = codec.requestSerialize({
  chunk: { sequence: '1', offset: '0', data: Buffer.alloc(chunkBytes, 7) },
})
const last = codec.requestSerialize({ commit: { size: '1', sha256: '0'.repeat(64) } })

function* requests(size: number) {
  yield first
  for (let sent = 0; sent < size; sent += chunkBytes) yield chunk
  yield last
}

/** Uploads so many bytes to a port, as often as it is called, over one connection. */
const uploader = (port: number, size: number) => {
  const client = connect(port)
  const upload = async () => {
    const { size: received } = codec.responseDeserialize(await write(client, path, requests(size))) as {
      size: string
    }
    if (received !== String(size)) throw new Error(`${received} of ${size} bytes arrived`)
  }
  return { upload, close: () => client.close() }
}

const bare = await start('bare-upload.ts')
const { nodeOptions } = services().find(({ name }) => name === 'upload')!
const kit = await start('kit-upload.ts', { NODE_OPTIONS: nodeOptions.join(' ') })

const near = (name: string, server: Measured) => {
  const { upload, close } = uploader(server.port, 32 * MiB)
  return { name, close, measure: async () => (await cpuPer(server, 32 * MiB, upload)) * 1000 }
}
const nearby = [near('bare grpc-js', bare), near('the kit', kit)]
await compare({
  title: 'An upload in chunks of 64 KiB',
  unit: 'server CPU, s/GB',
  variants: [nearby[0]!, { ...nearby[1]!, aim: ratioAtMost(0.5) }],
  turns: 3,
})

const oneWayMs = 10
const far = async (name: string, server: Measured, size: number) => {
  const proxy = await start('far-away.ts', { TARGET: String(server.port), DELAY: String(oneWayMs) })
  const { upload, close } = uploader(proxy.port, size)
  return {
    name,
    async measure() {
      const started = performance.now()
      await upload()
      return size / 1000 / (performance.now() - started)
    },
    close: () => {
      close()
      return proxy.stop()
    },
  }
}
// The bare server would take half a minute for what the kit does in half a second.
const distant = [await far('bare grpc-js', bare, MiB), await far('the kit', kit, 64 * MiB)]
await compare({
  title: `The same, ${2 * oneWayMs} ms there and back`,
  unit: 'MB/s',
  variants: [distant[0]!, { ...distant[1]!, aim: atLeast(100) }],
  turns: 1,
})
for (const one of nearby) one.close()
for (const one of distant) await one.close()
await Promise.all([bare.stop(), kit.stop()])
