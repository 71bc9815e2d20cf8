import { createReadStream, type WriteStream } from 'node:fs'
import { open, rm, writeFile, type FileHandle } from 'node:fs/promises'
import { once } from 'node:events'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import { StorageError, type FileStore, type FileWriter } from './file-store.ts'

/** What a writer holds in memory at most, beside one more piece: what arrives meanwhile goes to the disk in one write. */
const writerBytes = 512 * 1024

/**
 * Files in a folder of this machine, or of a volume that several replicas share.
 *
 * @throws Error in one line when the folder is not there or cannot be written.
 */
export const localFileStore = async (folder: string): Promise<FileStore> => {
  await assertWritable(folder)
  const pathOf = (key: string) => join(folder, key)

  return {
    append: (key, offset) => explained(openWriter(folder, pathOf(key), offset)),

    async *read(key, start, end) {
      let missing = end - start
      if (missing <= 0) return
      try {
        const pieces = createReadStream(pathOf(key), { start, end: end - 1 }) as AsyncIterable<Buffer>
        for await (const piece of pieces) {
          missing -= piece.length
          yield piece
        }
      } catch (error) {
        throw storageError(error)
      }
      if (missing) throw new StorageError(`${key} lacks ${missing} bytes of those before ${end}`)
    },

    remove: (key) => explained(rm(pathOf(key), { force: true })),
  }
}

const openWriter = async (folder: string, path: string, offset: number): Promise<FileWriter> => {
  const file = await open(path, offset ? 'r+' : 'w')
  // Writes all of each piece, and in one go what has come in during the write before.
  const stream = file.createWriteStream({ start: offset, highWaterMark: writerBytes, autoClose: false })
  stream.on('error', () => {}) // It is told to who waits, and to who writes next.
  let isNamed = offset > 0
  let closing: Promise<void> | undefined

  return {
    write(bytes) {
      if (stream.write(bytes)) return undefined
      if (stream.errored) return Promise.reject(storageError(stream.errored))
      return explained(drained(stream))
    },

    async sync() {
      await explained(written(stream))
      await explained(file.datasync())
      if (isNamed) return
      // A new file can be lost with its name, which the folder keeps.
      await explained(syncFolder(folder))
      isNamed = true
    },

    close: () => (closing ??= closed(file)),
  }
}

const drained = async (stream: WriteStream) => {
  await once(stream, 'drain')
}

/** Resolves when what was handed over so far is written. */
const written = (stream: WriteStream) =>
  new Promise<void>((resolve, reject) =>
    stream.write(nothing, (error) => (error ? reject(stream.errored ?? error) : resolve())),
  )

const nothing = Buffer.alloc(0)

const closed = async (file: FileHandle) => {
  try {
    await file.close()
  } catch {
    // Who needed it to be durable has asked `sync`.
  }
}

const syncFolder = async (folder: string) => {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const assertWritable = async (folder: string) => {
  const probe = join(folder, `probe-${randomUUID()}`)
  try {
    await writeFile(probe, 'x', { flush: true })
    await rm(probe)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const reason = code === 'ENOENT' ? 'there is no such folder' : message
    throw new Error(`FILES_DIR ${folder} cannot be written: ${reason}. Make it, or mount a volume there.`, {
      cause: error,
    })
  }
}

const explained = async <T>(work: Promise<T>): Promise<T> => {
  try {
    return await work
  } catch (error) {
    throw storageError(error)
  }
}

const storageError = (cause: unknown): StorageError => {
  if (cause instanceof StorageError) return cause
  const { code = '', message } = cause as NodeJS.ErrnoException
  return new StorageError(message, { full: ['ENOSPC', 'EDQUOT'].includes(code), cause })
}
