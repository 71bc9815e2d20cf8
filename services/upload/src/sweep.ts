import { removeSegments } from './content.ts'
import type { FileRepository } from './file-repository.ts'
import type { FileStore } from './file-store.ts'
import type { UploadRepository } from './upload-repository.ts'

/**
 * Gives up uploads whose time is over, and removes bytes that belong to nothing: of those, of files whose deletion was cut
 * short, of files that were never complete. Any number of replicas may do so at once.
 */
export const sweep = async ({
  uploads,
  files,
  store,
}: {
  uploads: UploadRepository
  files: FileRepository
  store: FileStore
}): Promise<void> => {
  await uploads.expire()
  await removeSegments({ files, store }, await files.garbage())
}
