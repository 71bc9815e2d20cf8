import { loadService } from './contract.ts'
import { UploadService as descriptor } from './gen/es/quartet/upload/v1/upload_pb.js'
import type {
  UploadServiceDefinition,
  UploadServiceHandlers,
} from './gen/types/quartet/upload/v1/UploadService.ts'

/** Files and how they are sent: quartet/upload/v1/upload.proto. */
export const UploadService = loadService<UploadServiceDefinition, UploadServiceHandlers>(descriptor)

// `X` is a message to send, all fields optional; `X__Output` is one that was received, all fields there.
export type * from './gen/types/quartet/upload/v1/CompleteUploadRequest.ts'
export type * from './gen/types/quartet/upload/v1/CreateUploadRequest.ts'
export type * from './gen/types/quartet/upload/v1/File.ts'
export type * from './gen/types/quartet/upload/v1/ListFilesRequest.ts'
export type * from './gen/types/quartet/upload/v1/ProcessBatchRequest.ts'
export type * from './gen/types/quartet/upload/v1/ProcessBatchResponse.ts'
export type * from './gen/types/quartet/upload/v1/ProcessOperation.ts'
export type * from './gen/types/quartet/upload/v1/Upload.ts'
export type * from './gen/types/quartet/upload/v1/UploadChunkRequest.ts'
export type * from './gen/types/quartet/upload/v1/UploadChunksRequest.ts'
export type * from './gen/types/quartet/upload/v1/UploadChunksResponse.ts'
export type * from './gen/types/quartet/upload/v1/UploadFileRequest.ts'
export type * from './gen/types/quartet/upload/v1/UploadState.ts'
