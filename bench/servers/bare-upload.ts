import type { sendUnaryData, ServerReadableStream } from '@grpc/grpc-js'
import { serveBare } from './bare.ts'
import { uploadService } from './definition.ts'

serveBare(uploadService(), {
  UploadChunks(
    call: ServerReadableStream<{ chunk?: { data: Buffer } }, object>,
    callback: sendUnaryData<object>,
  ) {
    let size = 0
    call.on('data', ({ chunk }) => (size += chunk?.data.length ?? 0))
    call.on('end', () => callback(null, { size: String(size) }))
  },
})
