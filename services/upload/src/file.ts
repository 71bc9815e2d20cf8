import type { File } from '@quartet/proto/upload'
import { timestamp } from '@quartet/rpc'

/** A file as the service keeps it. */
export interface StoredFile {
  readonly id: string
  readonly ownerId: string
  readonly name: string
  readonly contentType: string
  /** In bytes. */
  readonly size: number
  readonly sha256: string
  readonly createdAt: Date
}

/** What a file is whose owner did not say. */
export const defaultContentType = 'application/octet-stream'

/** The file as the contract has it. */
export const toFile = ({ size, createdAt, ...file }: StoredFile): File => ({
  ...file,
  size: String(size),
  createdAt: timestamp(createdAt),
})
