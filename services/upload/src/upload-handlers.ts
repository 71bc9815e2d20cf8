import { status } from '@grpc/grpc-js'
import type { Attempt, Wait } from '@quartet/database'
import type {
  CreateUploadRequest__Output,
  UploadChunksRequest__Output,
  UploadService,
} from '@quartet/proto/upload'
import { RpcError, untilCommit, type Caller, type Context, type Handlers } from '@quartet/rpc'
import { idOf } from './caller.ts'
import { checksumMismatch, fileTooLarge, sizeMismatch, uploadNotFound } from './errors.ts'
import type { FileRepository } from './file-repository.ts'
import { defaultContentType, toFile, type StoredFile } from './file.ts'
import { oneByOne } from './one-by-one.ts'
import { writeUpload, type WriterDependencies } from './upload-writer.ts'
import { toUpload, type NewUpload, type StoredUpload, type TakenUpload } from './upload.ts'

/** Tells the sender of a stream which upload to go on with, however the stream ends. */
const uploadIdTrailer = 'x-quartet-upload-id'

type UploadHandlers = Pick<
  Handlers<typeof UploadService>,
  'uploadChunks' | 'createUpload' | 'getUpload' | 'uploadChunk' | 'completeUpload'
>

/** Files that arrive in pieces. */
export const uploadHandlers = (
  dependencies: WriterDependencies & { readonly files: FileRepository },
): UploadHandlers => {
  const { uploads, files, maxFileSize } = dependencies
  /** Single calls for one upload wait for each other; only one that another replica serves takes it away from them. */
  const inTurn = oneByOne()

  const get = async (id: string, caller: Caller): Promise<StoredUpload> => {
    const upload = await uploads.get(id, idOf(caller))
    if (!upload) throw uploadNotFound(id)
    return upload
  }

  const create = async (
    upload: NewUpload,
    attempt: Attempt | undefined,
    wait: Wait,
  ): Promise<StoredUpload> => {
    if ((upload.size ?? 0) > maxFileSize) throw fileTooLarge(maxFileSize)
    const created = await uploads.create(upload, attempt, wait)
    if (!created) throw new RpcError(status.ALREADY_EXISTS, 'REQUEST_ID_REUSED')
    return created
  }

  const take = async (id: string, caller: Caller): Promise<TakenUpload> => {
    const taken = await uploads.take(id, idOf(caller))
    if (taken) return taken
    const { state } = await get(id, caller)
    throw new RpcError(status.FAILED_PRECONDITION, 'UPLOAD_NOT_OPEN', { uploadId: id, state })
  }

  /** The upload that a stream is about, by its first message. */
  const begin = async (
    first: UploadChunksRequest__Output | undefined,
    context: Context,
  ): Promise<TakenUpload> => {
    const { caller } = context
    const start = first?.start
    if (!start) throw new RpcError(status.FAILED_PRECONDITION, 'START_MISSING')
    if (start.uploadId) return take(start.uploadId, caller)
    const { id } = await create({ ...described(start, caller), size: null, sha256: null }, undefined, context)
    return take(id, caller)
  }

  return {
    async uploadChunks(requests, context) {
      const { signal, trailers } = context
      const { value: first } = await requests[Symbol.asyncIterator]().next()
      const upload = await begin(first, context)
      trailers.set(uploadIdTrailer, upload.id)
      let file: StoredFile
      await writeUpload(dependencies, upload, async (writer) => {
        for await (const { chunk, commit, payload } of untilCommit(requests)) {
          if (chunk) await writer.append(Number(chunk.offset), chunk.data)
          else if (commit) file = await writer.complete(commit.size, commit.sha256, signal)
          else throw new RpcError(status.INVALID_ARGUMENT, 'MESSAGE_UNEXPECTED', { payload: payload ?? '' })
        }
      })
      const { id, size, sha256 } = file!
      return { fileId: id, size: String(size), sha256, success: true }
    },

    async createUpload(request, context) {
      const { caller } = context
      const upload = await create(
        {
          ...described(request, caller),
          size: request.size === undefined ? null : Number(request.size),
          sha256: request.sha256 || null,
        },
        attemptOf(request, caller),
        context,
      )
      return { upload: toUpload(upload) }
    },

    async getUpload({ uploadId }, { caller }) {
      return { upload: toUpload(await get(uploadId, caller)) }
    },

    uploadChunk: ({ uploadId, offset, data }, { caller, signal }) =>
      inTurn(uploadId.toLowerCase(), async () => {
        signal.throwIfAborted()
        const upload = await take(uploadId, caller)
        const receivedSize = await writeUpload(dependencies, upload, async (writer) => {
          await writer.append(Number(offset), data)
          return writer.position
        })
        return { upload: toUpload({ ...upload, receivedSize }) }
      }),

    completeUpload: ({ uploadId, size, sha256 }, { caller, signal }) =>
      inTurn(uploadId.toLowerCase(), async () => {
        signal.throwIfAborted()
        const { fileId } = await get(uploadId, caller)
        const done = fileId ? await files.get(fileId, idOf(caller)) : undefined
        if (done) return { file: toFile(asSaid(done, size, sha256)) }
        const upload = await take(uploadId, caller)
        const file = await writeUpload(dependencies, upload, (writer) =>
          writer.complete(size, sha256, signal),
        )
        return { file: toFile(file) }
      }),
  }
}

/** What its sender calls a file. */
const described = (
  { name, contentType }: { name: string; contentType: string },
  caller: Caller,
): Pick<NewUpload, 'ownerId' | 'name' | 'contentType'> => ({
  ownerId: idOf(caller),
  name,
  contentType: contentType || defaultContentType,
})

/** A file that is there already, if it is the one that is meant. */
const asSaid = (file: StoredFile, size: string, sha256: string): StoredFile => {
  if (String(file.size) !== size) throw sizeMismatch(size, file.size)
  if (file.sha256 !== sha256) throw checksumMismatch(sha256, file.sha256)
  return file
}

const attemptOf = (request: CreateUploadRequest__Output, caller: Caller): Attempt | undefined =>
  request.requestId
    ? {
        scope: `CreateUpload ${idOf(caller)}`,
        key: request.requestId,
        request,
      }
    : undefined
