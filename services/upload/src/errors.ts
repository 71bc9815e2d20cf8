import { status } from '@grpc/grpc-js'
import { RpcError } from '@quartet/rpc'

export const uploadNotFound = (uploadId: string) =>
  new RpcError(status.NOT_FOUND, 'UPLOAD_NOT_FOUND', { uploadId })

export const fileNotFound = (fileId: string) => new RpcError(status.NOT_FOUND, 'FILE_NOT_FOUND', { fileId })

export const fileTooLarge = (maxSize: number) =>
  new RpcError(status.RESOURCE_EXHAUSTED, 'FILE_TOO_LARGE', { maxSize: String(maxSize) })

/** Where the next bytes should begin, and where they did. */
export const offsetMismatch = (expected: number, offset: number) =>
  new RpcError(status.OUT_OF_RANGE, 'OFFSET_MISMATCH', {
    expectedOffset: String(expected),
    offset: String(offset),
  })

export const sizeMismatch = (said: number | string, received: number | string) =>
  new RpcError(status.DATA_LOSS, 'SIZE_MISMATCH', { size: String(said), receivedSize: String(received) })

export const checksumMismatch = (said: string, received: string) =>
  new RpcError(status.DATA_LOSS, 'CHECKSUM_MISMATCH', { sha256: said, receivedSha256: received })
