import { status } from '@grpc/grpc-js'
import type { ProcessBatchRequest__Output, ProcessBatchResponse, UploadService } from '@quartet/proto/upload'
import {
  itemError,
  itemsUntilCommit,
  RpcError,
  statusMessage,
  turns,
  type Context,
  type Handlers,
} from '@quartet/rpc'
import { idOf } from './caller.ts'
import { readContent } from './content.ts'
import { fileNotFound } from './errors.ts'
import type { FileRepository, NewFile } from './file-repository.ts'
import type { FileStore } from './file-store.ts'
import type { StoredFile } from './file.ts'
import { checksum, count, type Counts } from './operations.ts'
import { storing, type StoreBytes } from './store-bytes.ts'
import { thumbnail, thumbnailType } from './thumbnail.ts'

const maxItems = 1_000
/** Items of one batch that are worked on at a time. */
const atOnce = 4

type Item = NonNullable<ProcessBatchRequest__Output['item']>

type Results = NonNullable<ProcessBatchResponse['results']>

/** What was found out about a file, or made of it. */
type Outcome = { readonly checksum: string } | { readonly counts: Counts } | { readonly thumbnail: NewFile }

/** Work on files that are there. */
export const batchHandlers = ({
  files,
  store,
}: {
  readonly files: FileRepository
  readonly store: FileStore
}): Pick<Handlers<typeof UploadService>, 'processBatch'> => {
  const processItem = async (
    { fileId, operation }: Item,
    storeBytes: StoreBytes,
    { caller, signal }: Context,
  ): Promise<Outcome> => {
    const file = await files.get(fileId, idOf(caller))
    if (!file) throw fileNotFound(fileId)
    const pieces = untilAborted(signal, readContent(store, await files.segments(file.id), 0, file.size))
    if (operation === 'PROCESS_OPERATION_CHECKSUM') return { checksum: await checksum(pieces) }
    if (operation === 'PROCESS_OPERATION_COUNT') return { counts: await count(pieces) }
    const picture = await thumbnail(pieces, file.size, signal)
    const bytes = await storeBytes([picture], picture.length)
    return { thumbnail: { ...bytes, ...thumbnailOf(file) } }
  }

  return {
    async processBatch(requests, context) {
      const items: Item[] = []
      for await (const item of itemsUntilCommit(requests, 'item')) {
        if (items.length === maxItems)
          throw new RpcError(status.RESOURCE_EXHAUSTED, 'BATCH_TOO_LARGE', { maxItems: String(maxItems) })
        items.push(item)
      }

      const inTurn = turns({ atOnce, maxWaiting: maxItems })
      const { signal, logger } = context
      // Whoever made thumbnails and cannot be told of them has none: they become files all together, when all is done.
      return storing({ files, store }, async (storeBytes) => {
        const outcomes = await Promise.all(
          items.map((item) =>
            inTurn(async () => {
              try {
                const error = itemError(item)
                if (error) throw error
                return { item, outcome: await processItem(item, storeBytes, context) }
              } catch (err) {
                signal.throwIfAborted()
                if (!(err instanceof RpcError)) logger.error({ err }, 'an item of a batch failed')
                return { item, error: err }
              }
            }, signal),
          ),
        )
        const made = outcomes.flatMap(({ outcome }) =>
          outcome && 'thumbnail' in outcome ? [outcome.thumbnail] : [],
        )
        const thumbnails = made.length ? await files.create(made) : []
        return answer(outcomes, new Map(made.map(({ key }, i) => [key, thumbnails[i]!.id])))
      })
    },
  }
}

/** @param thumbnailIds by the key of their bytes. */
const answer = (
  outcomes: readonly { item: Item; outcome?: Outcome; error?: unknown }[],
  thumbnailIds: ReadonlyMap<string, string>,
) => {
  const results = outcomes.flatMap(({ item: { processId }, outcome }): Results => {
    if (!outcome) return []
    if ('thumbnail' in outcome)
      return [{ processId, thumbnailFileId: thumbnailIds.get(outcome.thumbnail.key)! }]
    return [{ processId, ...outcome }]
  })
  const errors = outcomes
    .filter(({ outcome }) => !outcome)
    .map(({ item: { processId }, error }) => ({ processId, status: statusMessage(error) }))
  return { processedCount: results.length, results, errors }
}

/** A file of its own, the owner's like the picture. */
const thumbnailOf = ({ ownerId, name }: StoredFile) => ({
  ownerId,
  name: `${name.slice(0, maxNameLength - thumbnailSuffix.length).toWellFormed()}${thumbnailSuffix}`,
  contentType: thumbnailType,
})

const maxNameLength = 255
const thumbnailSuffix = '.thumbnail.webp'

/** The same bytes, until nobody waits for what is made of them. */
async function* untilAborted(signal: AbortSignal, pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const piece of pieces) {
    signal.throwIfAborted()
    yield piece
  }
}
