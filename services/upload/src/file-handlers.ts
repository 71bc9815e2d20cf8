import { status } from '@grpc/grpc-js'
import type { UploadService } from '@quartet/proto/upload'
import { decodePageToken, encodePageToken, RpcError, type Handlers } from '@quartet/rpc'
import { visibleTo } from './caller.ts'
import { readContent, removeSegments } from './content.ts'
import { fileNotFound } from './errors.ts'
import type { FileRepository } from './file-repository.ts'
import type { FileStore } from './file-store.ts'
import { toFile } from './file.ts'

const defaultPageSize = 50

type FileHandlers = Pick<
  Handlers<typeof UploadService>,
  'downloadFile' | 'getFile' | 'listFiles' | 'deleteFile'
>

/** Files that are there. */
export const fileHandlers = ({ files, store }: { files: FileRepository; store: FileStore }): FileHandlers => {
  const get = async (id: string, ownerId: string | undefined) => {
    const file = await files.get(id, ownerId)
    if (!file) throw fileNotFound(id)
    return file
  }

  return {
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

    async listFiles({ pageSize, pageToken }, { caller }) {
      const ownerId = visibleTo(caller)
      const after = decodePageToken(pageToken, { ownerId }, isUuid)
      const limit = pageSize || defaultPageSize
      // One more than asked for tells whether there is a next page.
      const found = await files.list(ownerId, after, limit + 1)
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

const isUuid = (text: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)
