import { readFileSync } from 'node:fs'
import { createFileRegistry, fromBinary, type DescFile } from '@bufbuild/protobuf'
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import { file_buf_validate_validate as original } from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js'
import { descriptorSetPath } from '../descriptor-set.ts'

/** Everything that the wire format knows of a file, a line each. */
const shape = (file: DescFile): string[] => [
  ...file.extensions.map(({ extendee, typeName, number }) => `${extendee.typeName} ${typeName} = ${number}`),
  ...file.enums.flatMap(({ values }) => values.map(({ name, number }) => `${name} = ${number}`)),
  ...file.messages.flatMap(({ typeName, fields }) =>
    fields.map(({ name, number, oneof, proto: { label, type, typeName: fieldType } }) =>
      [typeName, name, number, label, type, fieldType, oneof?.name].join(' '),
    ),
  ),
]

test('validate.proto as it was printed and compiled is the one that protovalidate was built with', () => {
  const set = fromBinary(FileDescriptorSetSchema, readFileSync(descriptorSetPath))
  const printed = createFileRegistry(set).getFile('buf/validate/validate.proto')
  expect(printed && shape(printed)).toEqual(shape(original))
})
