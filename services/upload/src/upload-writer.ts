import { status } from '@grpc/grpc-js'
import { RpcError } from '@quartet/rpc'
import { readContent } from './content.ts'
import { checksumMismatch, fileTooLarge, offsetMismatch, sizeMismatch } from './errors.ts'
import type { StoredFile } from './file.ts'
import type { FileStore } from './file-store.ts'
import type { RunningHashes } from './running-hashes.ts'
import type { UploadRepository } from './upload-repository.ts'
import type { TakenUpload } from './upload.ts'

/** What has arrived is acknowledged after so many bytes, or so many milliseconds: the most that a crash can lose. */
const checkpointBytes = 8 * 1024 * 1024
const checkpointMs = 2_000

export interface WriterDependencies {
  readonly uploads: UploadRepository
  readonly store: FileStore
  readonly hashes: RunningHashes
  /** In bytes. */
  readonly maxFileSize: number
}

/** Writes to one upload. */
export interface UploadWriter {
  /** How many bytes have arrived. */
  readonly position: number
  /**
   * Takes bytes that belong at `offset`; those that are there already are skipped.
   *
   * @throws RpcError OUT_OF_RANGE OFFSET_MISMATCH for a gap, RESOURCE_EXHAUSTED FILE_TOO_LARGE, DATA_LOSS SIZE_MISMATCH
   *   past the size that was said when it was opened, ABORTED UPLOAD_TAKEN_OVER when somebody else writes now.
   */
  append(offset: number, data: Buffer): Promise<void>
  /**
   * Makes a file of it, if it is what its sender says.
   *
   * @param signal ends the reading of what this process has not hashed when it arrived; the next try goes on there.
   * @throws RpcError DATA_LOSS SIZE_MISMATCH or CHECKSUM_MISMATCH, and the upload stays open; ABORTED as above.
   */
  complete(size: string, sha256: string, signal: AbortSignal): Promise<StoredFile>
}

/**
 * Lets `work` write to an upload that was taken. When it is over, whatever its end, all that has arrived is acknowledged
 * and the upload is let go.
 *
 * @throws what `work` throws; RpcError ABORTED UPLOAD_TAKEN_OVER, and whatever the store and the database throw, when not
 *   all could be acknowledged. What was before stays.
 */
export const writeUpload = async <T>(
  dependencies: WriterDependencies,
  upload: TakenUpload,
  work: (writer: UploadWriter) => Promise<T>,
): Promise<T> => {
  const writer = await open(dependencies, upload)
  let result
  try {
    result = await work(writer)
  } catch (error) {
    await writer.close().catch(() => {}) // What came first says more.
    throw error
  }
  await writer.close()
  return result
}

const open = async (
  { uploads, store, hashes, maxFileSize }: WriterDependencies,
  upload: TakenUpload,
): Promise<UploadWriter & { close(): Promise<void> }> => {
  const out = await store.append(upload.segment, upload.receivedSize - upload.segmentStart)
  const running = hashes.take(upload.id, upload.receivedSize)
  let position = upload.receivedSize
  let recorded = position
  /** The last acknowledgement: where it was begun, and what became of it, an error or undefined. */
  let checkpointAt = position
  let checkpoint: Promise<unknown> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined
  let isComplete = false

  const record = async (letGo: boolean) => {
    const size = position
    if (size > recorded) await out.sync()
    if (!(await uploads.record(upload, size, letGo))) throw takenOver(upload)
    recorded = size
  }

  /** In the background, so that bytes go on arriving. */
  const startCheckpoint = () => {
    clearTimeout(timer)
    timer = undefined
    checkpointAt = position
    checkpoint = checkpoint.then((failure) => failure ?? record(false)).catch((error: unknown) => error)
  }

  const settled = async () => {
    const failure = await checkpoint
    if (failure) throw failure
  }

  const hashAll = async (signal: AbortSignal) => {
    if (running.position === position) return
    await record(false)
    const segments = await uploads.segments(upload.id)
    for await (const piece of readContent(store, segments, running.position, position)) {
      signal.throwIfAborted()
      running.hash.update(piece)
      running.position += piece.length
    }
  }

  return {
    get position() {
      return position
    },

    async append(offset, data) {
      if (offset > position) throw offsetMismatch(position, offset)
      const bytes = data.subarray(position - offset)
      if (bytes.length === 0) return
      const end = position + bytes.length
      if (end > maxFileSize) throw fileTooLarge(maxFileSize)
      if (upload.size !== null && end > upload.size) throw sizeMismatch(upload.size, `at least ${end}`)
      if (running.position === position) {
        running.hash.update(bytes)
        running.position = end
      }
      position = end
      await out.write(bytes)
      if (position - checkpointAt < checkpointBytes) {
        timer ??= setTimeout(startCheckpoint, checkpointMs)
      } else {
        await settled()
        startCheckpoint()
      }
    },

    async complete(size, sha256, signal) {
      clearTimeout(timer)
      await settled()
      if (String(position) !== size) throw sizeMismatch(size, position)
      if (upload.size !== null && position !== upload.size) throw sizeMismatch(upload.size, position)
      await hashAll(signal)
      const actual = running.hash.copy().digest('hex')
      for (const said of [sha256, upload.sha256]) {
        if (said && said !== actual) throw checksumMismatch(said, actual)
      }
      if (position > recorded) await out.sync()
      const file = await uploads.complete(upload, { size: position, sha256 })
      if (!file) throw takenOver(upload)
      isComplete = true
      return file
    },

    async close() {
      clearTimeout(timer)
      try {
        if (isComplete) return
        await settled()
        await record(true)
        hashes.keep(upload.id, running)
      } finally {
        await out.close()
      }
    },
  }
}

const takenOver = ({ id }: TakenUpload) => new RpcError(status.ABORTED, 'UPLOAD_TAKEN_OVER', { uploadId: id })
