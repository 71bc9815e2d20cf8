import { status } from '@grpc/grpc-js'
import type { UploadFileRequest__Output, UploadService } from '@quartet/proto/upload'
import { decodePageToken, encodePageToken, invalidArgument, RpcError, type Handlers } from '@quartet/rpc'
import { idOf, visibleTo } from './caller.ts'
import { readContent, removeSegments } from './content.ts'
import { checksumMismatch, fileNotFound, fileTooLarge, sizeMismatch } from './errors.ts'
import type { FileRepository } from './file-repository.ts'
import type { FileStore } from './file-store.ts'
import { defaultContentType, toFile } from './file.ts'
import { storing } from './store-bytes.ts'

const defaultPageSize = 50

type FileHandlers = Pick<
  Handlers<typeof UploadService>,
  'uploadFile' | 'downloadFile' | 'getFile' | 'listFiles' | 'deleteFile'
>

/** Whole files. */
export const fileHandlers = ({
  files,
  store,
  maxFileSize,
}: {
  readonly files: FileRepository
  readonly store: FileStore
  /** In bytes. */
  readonly maxFileSize: number
}): FileHandlers => {
  const get = async (id: string, ownerId: string | undefined) => {
    const file = await files.get(id, ownerId)
    if (!file) throw fileNotFound(id)
    return file
  }

  return {
    async uploadFile(requests, { caller }) {
      const { value: first } = await requests[Symbol.asyncIterator]().next()
      const { name, contentType, size, sha256 } = announced(first)
      if (Number(size ?? 0) > maxFileSize) throw fileTooLarge(maxFileSize)
      const pieces = piecesOf(first, requests, size)
      return storing({ files, store }, async (storeBytes) => {
        const bytes = await storeBytes(pieces, maxFileSize)
        // A stream that was cut can look like one that ended: only what was announced tells.
        if (size !== undefined && String(bytes.size) !== size) throw sizeMismatch(size, bytes.size)
        if (sha256 && bytes.sha256 !== sha256) throw checksumMismatch(sha256, bytes.sha256)
        const [file] = await files.create([{ ...bytes, ownerId: idOf(caller), name, contentType }])
        return { file: toFile(file!) }
      })
    },

    async *downloadFile({ fileId, offset, length }, { caller }) {
      const { id, size, contentType } = await get(fileId, visibleTo(caller))
      const start = Number(offset)
      if (start > size)
        throw new RpcError(status.OUT_OF_RANGE, 'OFFSET_MISMATCH', { offset, size: String(size) })
      const end = length === '0' ? size : Math.min(size, start + Number(length))
      // Only the first message says what it is; there is one also where there are no bytes.
      let first: { contentType?: string } = { contentType }
      for await (const data of readContent(store, await files.segments(id), start, end)) {
        yield { ...first, data }
        first = none
      }
      if (first !== none) yield first
    },

    async getFile({ fileId }, { caller }) {
      return { file: toFile(await get(fileId, visibleTo(caller))) }
    },

    async listFiles({ pageSize, pageToken }, { caller, signal, deadline }) {
      const ownerId = visibleTo(caller)
      const after = decodePageToken(pageToken, { ownerId }, isUuid)
      const limit = pageSize || defaultPageSize
      // One more than asked for tells whether there is a next page.
      const found = await files.list(ownerId, { after, limit: limit + 1 }, { signal, deadline })
      const page = found.slice(0, limit)
      return {
        files: page.map(toFile),
        nextPageToken: found.length > limit ? encodePageToken(page.at(-1)!.id, { ownerId }) : '',
      }
    },

    async deleteFile({ fileId }, { caller, logger }) {
      const keys = await files.remove(fileId, visibleTo(caller))
      if (!keys) throw fileNotFound(fileId)
      try {
        await removeSegments({ files, store }, keys)
      } catch (err) {
        logger.warn({ err }, 'bytes of a deleted file are left to the sweep')
      }
      return {}
    },
  }
}

const none = {}

/** What the first message of an UploadFile says of all of them. */
const announced = (first: UploadFileRequest__Output | undefined) => {
  if (first && !first.name)
    throw invalidArgument([{ field: 'name', description: 'is required in the first message' }])
  if (!first || (first.size === undefined && !first.sha256))
    throw new RpcError(status.FAILED_PRECONDITION, 'COMMIT_MISSING')
  return { ...first, contentType: first.body?.contentType || defaultContentType }
}

/** The bytes of an UploadFile. More than were announced are not waited for. */
async function* piecesOf(
  first: UploadFileRequest__Output,
  rest: AsyncIterable<UploadFileRequest__Output>,
  size: string | undefined,
): AsyncGenerator<Buffer> {
  let received = first.body?.data.length ?? 0
  if (first.body) yield first.body.data
  for await (const { body } of rest) {
    if (!body) continue
    received += body.data.length
    if (size !== undefined && received > Number(size)) throw sizeMismatch(size, `at least ${received}`)
    yield body.data
  }
}

const isUuid = (text: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)
