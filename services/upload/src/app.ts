import type { Verify } from '@quartet/auth'
import { prismaOptions } from '@quartet/database'
import { UploadService } from '@quartet/proto/upload'
import { implement } from '@quartet/rpc'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { batchHandlers } from './batch-handlers.ts'
import { fileHandlers } from './file-handlers.ts'
import { fileRepository } from './file-repository.ts'
import type { FileStore } from './file-store.ts'
import { PrismaClient } from './generated/prisma/client.ts'
import { runningHashes } from './running-hashes.ts'
import { sweep } from './sweep.ts'
import { withStatuses } from './store-statuses.ts'
import { uploadHandlers } from './upload-handlers.ts'
import { uploadRepository } from './upload-repository.ts'

export interface AppOptions {
  /** Of a database that has the service's schema. */
  readonly pool: Pool
  /** Where the bytes lie. */
  readonly store: FileStore
  /** Of one file, in bytes. */
  readonly maxFileSize: number
  readonly verify: Verify
  readonly logger: Logger
}

/** The upload service, put together; who owns the process serves it. */
export const createApp = ({ pool, store: bare, maxFileSize, verify, logger }: AppOptions) => {
  const prisma = new PrismaClient(prismaOptions(pool))
  const uploads = uploadRepository(prisma, pool)
  const files = fileRepository(pool)
  const store = withStatuses(bare, logger)
  const hashes = runningHashes()

  return {
    implementations: [
      implement(UploadService, {
        ...uploadHandlers({ uploads, files, store, hashes, maxFileSize }),
        ...fileHandlers({ files, store, maxFileSize }),
        ...batchHandlers({ files, store }),
      }),
    ],
    verify,
    /** Gives up what is out of date; to be called now and then. */
    sweep: () => sweep({ uploads, files, store: bare }),
  }
}
