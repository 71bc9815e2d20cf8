/**
 * Where the bytes lie: objects under keys that the service makes (UUIDs, never anything a caller wrote). What is there
 * and what it belongs to, the database knows; the store keeps no list.
 *
 * Everything here rejects with a {@link StorageError} when the store fails.
 */
export interface FileStore {
  /**
   * Opens an object to write behind its first `offset` bytes; 0 makes it. What lies there already from `offset` on is
   * written over. One writer for each key at a time.
   */
  append(key: string, offset: number): Promise<FileWriter>
  /**
   * The bytes from `start` to before `end`, in pieces of at most 64 KiB. Nothing is open before the first is asked for and
   * after the loop is left.
   */
  read(key: string, start: number, end: number): AsyncIterable<Buffer>
  /** Does nothing when there is no such object. */
  remove(key: string): Promise<void>
}

export interface FileWriter {
  /**
   * Takes bytes, which must not change until they are written. The promise, where there is one, waits for a disk that is
   * slower than who writes; without waiting for it, memory has no bound.
   */
  readonly write: (bytes: Buffer) => Promise<void> | undefined
  /** Resolves when all that was taken before survives a crash of the machine. */
  readonly sync: () => Promise<void>
  /** Lets go of the object. What was taken since the last `sync` may be lost. Never throws, may be called again. */
  readonly close: () => Promise<void>
}

/** The store failed. */
export class StorageError extends Error {
  override readonly name = 'StorageError'
  /** There is no room left, as opposed to: it cannot be used at all. */
  readonly full: boolean

  constructor(message: string, options: { full?: boolean; cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.full = options.full ?? false
  }
}
