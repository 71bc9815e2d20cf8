import { createHash } from 'node:crypto'
import { UploadService } from '@quartet/proto/upload'
import { examplesOf } from '@quartet/testing'

const data = Buffer.from('Notes on the Analytical Engine\n')
const size = data.length
const sha256 = createHash('sha256').update(data).digest('hex')
const named = { name: 'notes.txt', contentType: 'text/plain' }
const fileId = '{uploadFile.file.id}'
const uploadId = '{createUpload.upload.id}'

/** One request of each RPC that this service answers: for the tests of access and validation, and for the docs. */
export const examples = [
  examplesOf(UploadService, {
    uploadChunks: {
      request: [{ start: named }, { chunk: { sequence: 0, offset: 0, data } }, { commit: { size, sha256 } }],
    },
    createUpload: { request: { ...named, size, sha256, requestId: '{unique}' } },
    getUpload: { request: { uploadId }, owned: {} },
    uploadChunk: { request: { uploadId, offset: 0, data }, owned: {} },
    completeUpload: { request: { uploadId: '{uploadChunk.upload.id}', size, sha256 }, owned: {} },
    uploadFile: {
      request: [{ name: 'notes.txt', size, sha256, body: { contentType: 'text/plain', data } }],
    },
    downloadFile: { request: { fileId, offset: 6, length: 2 }, owned: { orRole: 'ADMIN' } },
    getFile: { request: { fileId }, owned: { orRole: 'ADMIN' } },
    listFiles: { request: { pageSize: 2 } },
    deleteFile: { request: { fileId }, owned: { orRole: 'ADMIN' } },
    processBatch: {
      request: [
        { item: { processId: 'sum', fileId, operation: 'PROCESS_OPERATION_CHECKSUM' } },
        { item: { processId: 'words', fileId, operation: 'PROCESS_OPERATION_COUNT' } },
        { commit: { count: 2 } },
      ],
    },
  }),
]
