import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { DescMethod } from '@bufbuild/protobuf'
import type { MethodDefinition, PackageDefinition } from '@grpc/proto-loader'

type Codec = MethodDefinition<object, object>

const here = import.meta.dirname
const require = createRequire(import.meta.url)
const loaded = new Map<string, PackageDefinition>()

/**
 * What proto-loader makes of a method of the contract. It is loaded, and reads a .proto file, when a method of that file is
 * first called: a service that only serves has no use for it, and is up in three quarters of the time.
 *
 * The file is read as text because proto-loader ignores `keepCase: false` in a descriptor set (0.8.1). The files in
 * stubs/ hide those that only declare options, which no codec needs: loading takes half as long without them.
 *
 * @throws Error when the generated code and the .proto file are not of the same time.
 */
export const codecOf = ({ parent, name }: DescMethod): Codec => {
  const file = `${parent.file.name}.proto`
  const service = load(file)[parent.typeName] as Record<string, Codec> | undefined
  const codec = service?.[name]
  if (codec) return codec
  throw new Error(`${file} has no ${parent.name}.${name}, but proto/gen has: run \`npm run gen\`.`)
}

const load = (file: string): PackageDefinition => {
  let definitions = loaded.get(file)
  if (!definitions) {
    const { loadSync } = require('@grpc/proto-loader') as typeof import('@grpc/proto-loader')
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
