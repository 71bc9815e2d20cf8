import {
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { createFileRegistry, fromBinary } from '@bufbuild/protobuf'
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import { file_buf_validate_validate } from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js'
import { policyMistakes } from './check-policies.ts'
import { printProto } from './print-proto.ts'
import { proto, run } from './run.ts'

// Generates what is read from the contract into proto/gen:
//   third_party/     buf/validate/validate.proto, which the contract imports
//   contract.binpb   every file as a FileDescriptorSet: for Envoy, reflection and tools
//   types/           the TypeScript types of what proto-loader loads: for handlers and clients
//   es/              protobuf-es descriptors: for validation, options and the browser
const gen = join(proto, 'gen')

function generate(next: string): void {
  printValidateProto(next)
  run('buf', ['build', '-o', join(next, 'contract.binpb')])
  checkPolicies(join(next, 'contract.binpb'))
  generateTypes(join(next, 'types'))
  run('buf', ['generate', '-o', next])
}

/** In its place at once, since buf reads it there (buf.yaml); it depends on nothing that could be wrong. */
function printValidateProto(next: string): void {
  const folder = join(gen, 'third_party/buf/validate')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(next, 'validate.proto'), printProto(file_buf_validate_validate))
  renameSync(join(next, 'validate.proto'), join(folder, 'validate.proto'))
}

function checkPolicies(descriptorSet: string): void {
  const set = fromBinary(FileDescriptorSetSchema, readFileSync(descriptorSet))
  const mistakes = policyMistakes(createFileRegistry(set))
  if (mistakes.length) throw new Error(mistakes.join('\n'))
}

// Under the same options as the codecs (codec.ts): the two must agree.
const typeOptions = `--longs=String --enums=String --defaults --oneofs --grpcLib=@grpc/grpc-js
  --importFileExtension=.ts --targetFileExtension=.ts --includeDirs stubs . third_party`.split(/\s+/)

function generateTypes(outDir: string): void {
  const files = globSync(['quartet/*/v1/*.proto', 'third_party/grpc/**/*.proto'], { cwd: proto })
  run('proto-loader-gen-types', [...typeOptions, '--outDir', outDir, ...files])
}

/** Everything at once, and only when everything was generated, so that a mistake leaves the last state in place. */
function replace(next: string): void {
  for (const name of readdirSync(next)) {
    rmSync(join(gen, name), { recursive: true, force: true })
    renameSync(join(next, name), join(gen, name))
  }
}

mkdirSync(gen, { recursive: true })
const next = mkdtempSync(join(gen, '.next-'))
try {
  generate(next)
  replace(next)
} catch (error) {
  console.error(`The contract was not generated:\n${(error as Error).message}`)
  process.exitCode = 1
} finally {
  rmSync(next, { recursive: true, force: true })
}
