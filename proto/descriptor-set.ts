import { join } from 'node:path'

/** The whole contract as a serialized `FileDescriptorSet`, with comments: for Envoy, reflection and tools. */
export const descriptorSetPath = join(import.meta.dirname, 'gen/contract.binpb')
