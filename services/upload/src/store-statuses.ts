import { status } from '@grpc/grpc-js'
import { resourceExhausted, RpcError } from '@quartet/rpc'
import type { Logger } from 'pino'
import { StorageError, type FileStore } from './file-store.ts'

/** When to try again where somebody has to make room first. */
const roomAgainMs = 60_000

/**
 * The same store, for handlers: when it fails, callers are told that it is full (RESOURCE_EXHAUSTED) or that this is a bad
 * time (UNAVAILABLE), and the log is told why.
 */
export const withStatuses = (store: FileStore, logger: Logger): FileStore => {
  const inStatus = (err: unknown): unknown => {
    if (!(err instanceof StorageError)) return err
    logger.error({ err }, 'the file store failed')
    return err.full
      ? resourceExhausted('STORAGE_FULL', roomAgainMs)
      : new RpcError(status.UNAVAILABLE, 'STORAGE_UNAVAILABLE', {}, { cause: err })
  }
  const told = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work
    } catch (error) {
      throw inStatus(error)
    }
  }

  return {
    async append(key, offset) {
      const { write, sync, close } = await told(store.append(key, offset))
      return {
        write(bytes) {
          const waiting = write(bytes)
          return waiting && told(waiting)
        },
        sync: () => told(sync()),
        close,
      }
    },
    async *read(key, start, end) {
      try {
        yield* store.read(key, start, end)
      } catch (error) {
        throw inStatus(error)
      }
    },
    remove: (key) => told(store.remove(key)),
  }
}
