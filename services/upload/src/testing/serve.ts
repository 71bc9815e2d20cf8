import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { UploadService, type UploadChunksRequest } from '@quartet/proto/upload'
import type { Role } from '@quartet/rpc'
import { testDatabase, testIdentity, testServer } from '@quartet/testing'
import { pino } from 'pino'
import { createApp } from '../app.ts'
import type { FileStore } from '../file-store.ts'
import { localFileStore } from '../local-file-store.ts'

/** The service on a database and a folder of its own; more replicas of it can be had. */
export const serve = async ({ maxFileSize = 64 * MiB }: { maxFileSize?: number } = {}) => {
  const database = await testDatabase({ migrations: join(import.meta.dirname, '../../prisma/migrations') })
  const folder = mkdtempSync(join(tmpdir(), 'quartet-files-'))
  const identity = await testIdentity()
  const servers: { close(): void }[] = []

  /** One more process of the service would share just as much with the others: the database and the folder. */
  const replica = async (change: (store: FileStore) => FileStore = (store) => store) => {
    const app = createApp({
      pool: database.pool,
      store: change(await localFileStore(folder)),
      maxFileSize,
      verify: identity.verify,
      logger: pino({ level: 'silent' }),
    })
    const server = await testServer(app.implementations, identity.verify)
    servers.push(server)
    return {
      ...app,
      /** A client that calls as somebody: somebody new, unless `sub` is an id. */
      async client({ sub = randomUUID(), role = 'VIEWER' }: { sub?: string; role?: Role } = {}) {
        return server.client(UploadService, await identity.token({ sub, role }))
      },
    }
  }

  return {
    ...(await replica()),
    replica,
    url: database.url,
    pool: database.pool,
    folder,
    async close() {
      for (const server of servers) server.close()
      await database.drop()
      rmSync(folder, { recursive: true })
    },
  }
}

export const MiB = 1024 * 1024

/** Random bytes, with what a commit says of them. */
export const content = (length: number) => {
  const bytes = randomBytes(length)
  return { bytes, size: String(length), sha256: createHash('sha256').update(bytes).digest('hex') }
}

/** Chunks of 64 KiB with the bytes from `start` to before `end`. */
export function* chunks(bytes: Buffer, start = 0, end = bytes.length): Generator<UploadChunksRequest> {
  for (let offset = start, sequence = 0; offset < end; offset += chunkSize, sequence++) {
    yield { chunk: { sequence, offset, data: bytes.subarray(offset, Math.min(offset + chunkSize, end)) } }
  }
}

/** A whole stream: start, all of `bytes`, and a commit. */
export async function* whole(
  bytes: Buffer,
  commit: object,
  start: object = { name: 'whole.bin', contentType: 'image/png' },
) {
  yield { start }
  yield* chunks(bytes)
  yield { commit }
}

const chunkSize = 64 * 1024

/** The bytes of a download, with the content type that each message had. */
export const download = async (messages: AsyncIterable<{ contentType: string; data: Buffer }>) => {
  const types: string[] = []
  const pieces: Buffer[] = []
  for await (const { contentType, data } of messages) {
    types.push(contentType)
    pieces.push(data)
  }
  return { bytes: Buffer.concat(pieces), types }
}

/** Resolves when `check` gives something, which it is asked for again and again. */
export const eventually = async <T>(check: () => Promise<T | false | undefined>): Promise<T> => {
  for (;;) {
    const found = await check()
    if (found) return found
    await delay(5)
  }
}
