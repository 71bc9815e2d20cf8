import { join } from 'node:path'
import type { DescMethod } from '@bufbuild/protobuf'
import { loadSync, type MethodDefinition, type PackageDefinition } from '@grpc/proto-loader'

/** What proto-loader puts a method's messages on the wire with: `requestSerialize`, `responseDeserialize` and so on. */
export type Codec = MethodDefinition<object, object>

const here = import.meta.dirname
const loaded = new Map<string, PackageDefinition>()

/**
 * What proto-loader makes of a method: for tests and tools that speak to grpc-js without the kit. The kit's own servers and
 * clients read and write by the descriptors alone (libs/rpc), and are spared the time and memory of a second view of the
 * contract.
 *
 * The .proto file is read as text, once, because proto-loader ignores `keepCase: false` in a descriptor set (0.8.1). The
 * files in stubs/ hide those that only declare options, which no codec needs: loading takes half as long without them.
 *
 * @throws Error when the generated code and the .proto file are not of the same time.
 */
export const codecOf = ({ descriptor }: { readonly descriptor: DescMethod }): Codec => {
  const { parent, name } = descriptor
  const file = `${parent.file.name}.proto`
  const service = load(file)[parent.typeName] as Record<string, Codec> | undefined
  const codec = service?.[name]
  if (codec) return codec
  throw new Error(`${file} has no ${parent.name}.${name}, but proto/gen has: run \`npm run gen\`.`)
}

const load = (file: string): PackageDefinition => {
  let definitions = loaded.get(file)
  if (!definitions) {
    // The same options as for the generated types (tools/gen.ts): the two must agree.
    definitions = loadSync(file, {
      includeDirs: ['stubs', '.', 'third_party'].map((folder) => join(here, folder)),
      keepCase: false,
      longs: String,
      enums: String,
      defaults: true,
      oneofs: true,
    })
    loaded.set(file, definitions)
  }
  return definitions
}
