import { createHash } from 'node:crypto'
import { removeSegments } from './content.ts'
import { fileTooLarge } from './errors.ts'
import type { FileRepository } from './file-repository.ts'
import type { FileStore } from './file-store.ts'

type Pieces = AsyncIterable<Buffer> | Iterable<Buffer>

/** Bytes that are durable in the store and belong to nothing yet. */
export interface StoredBytes {
  readonly key: string
  readonly size: number
  readonly sha256: string
}

/**
 * Stores one sequence of bytes.
 * @throws RpcError RESOURCE_EXHAUSTED FILE_TOO_LARGE past `maxSize`; what the store, the database and the sequence throw.
 */
export type StoreBytes = (pieces: Pieces, maxSize: number) => Promise<StoredBytes>

/** Lets `work` store bytes and make files of them. When it fails, nothing is kept of what it has not made files of. */
export const storing = async <T>(
  dependencies: { readonly files: FileRepository; readonly store: FileStore },
  work: (storeBytes: StoreBytes) => Promise<T>,
): Promise<T> => {
  const { files, store } = dependencies
  const keys: string[] = []
  try {
    return await work(async (pieces, maxSize) => {
      const key = await files.newSegment()
      keys.push(key)
      return { key, ...(await write(store, key, pieces, maxSize)) }
    })
  } catch (error) {
    await discard(dependencies, keys).catch(() => {}) // They are left to the sweep.
    throw error
  }
}

const write = async (store: FileStore, key: string, pieces: Pieces, maxSize: number) => {
  const hash = createHash('sha256')
  let size = 0
  const writer = await store.append(key, 0)
  try {
    for await (const piece of pieces) {
      size += piece.length
      if (size > maxSize) throw fileTooLarge(maxSize)
      hash.update(piece)
      await writer.write(piece)
    }
    await writer.sync()
  } finally {
    await writer.close()
  }
  return { size, sha256: hash.digest('hex') }
}

/** Removes what belongs to nothing. A file may have been made of it though its maker was not told so. */
const discard = async (
  dependencies: { readonly files: FileRepository; readonly store: FileStore },
  keys: readonly string[],
) => {
  for (const key of keys)
    if (await dependencies.files.giveUpSegment(key)) await removeSegments(dependencies, [key])
}
