import { UploadService } from '@quartet/proto/upload'
import { implement } from '@quartet/rpc'
import { serveKit } from './kit.ts'

await serveKit(
  implement(UploadService, {
    async uploadChunks(requests) {
      let size = 0
      for await (const { chunk } of requests) size += chunk?.data.length ?? 0
      return { size: String(size) }
    },
  }),
)
