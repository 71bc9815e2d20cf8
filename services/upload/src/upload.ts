import type { Upload } from '@quartet/proto/upload'
import { timestamp } from '@quartet/rpc'

/** An upload as the service keeps it. */
export interface StoredUpload {
  readonly id: string
  readonly ownerId: string
  readonly name: string
  readonly contentType: string
  /** In bytes, as said when it was opened; null: not said. */
  readonly size: number | null
  readonly sha256: string | null
  /** How many bytes are durable. */
  readonly receivedSize: number
  readonly state: 'OPEN' | 'COMPLETE' | 'EXPIRED'
  readonly fileId: string | null
  readonly expiresAt: Date
}

/** What an upload is opened with. */
export type NewUpload = Pick<StoredUpload, 'ownerId' | 'name' | 'contentType' | 'size' | 'sha256'>

/** An upload in the hands of the one who may write to it, until somebody else takes it. */
export interface TakenUpload extends StoredUpload {
  readonly writer: string
  /** The key of the segment that the next bytes go to, and where in the file it begins. */
  readonly segment: string
  readonly segmentStart: number
}

/** The upload as the contract has it. */
export const toUpload = (upload: StoredUpload): Upload => ({
  id: upload.id,
  name: upload.name,
  contentType: upload.contentType,
  ...(upload.size !== null && { size: String(upload.size) }),
  receivedSize: String(upload.receivedSize),
  state: `UPLOAD_STATE_${upload.state}`,
  fileId: upload.fileId ?? '',
  expiresAt: timestamp(upload.expiresAt),
})
