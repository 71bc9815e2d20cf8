import type { DescEnum, DescFile, DescMessage } from '@bufbuild/protobuf'
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  type FieldDescriptorProto,
} from '@bufbuild/protobuf/wkt'

/**
 * The text of a proto2 file of which only the descriptor is at hand. Covers what `buf/validate/validate.proto`
 * is made of: enums, extensions, and messages that are not nested. Comments and options are left out, and with
 * them the CEL expressions behind the standard rules: every validator brings those along.
 */
export const printProto = (file: DescFile): string =>
  [
    'syntax = "proto2";',
    `package ${file.proto.package};`,
    file.proto.dependency.map((path) => `import "${path}";`).join('\n'),
    ...file.proto.extension.map((field) => `extend ${field.extendee} {\n${printField(field)}}`),
    ...file.enums.map(printEnum),
    ...file.messages.map(printMessage),
  ].join('\n\n') + '\n'

const printEnum = ({ name, values }: DescEnum): string =>
  `enum ${name} {\n${values.map((value) => `  ${value.name} = ${value.number};\n`).join('')}}`

function printMessage({ name, proto, members }: DescMessage): string {
  const fields = members.map((member) =>
    member.kind === 'field'
      ? printField(member.proto)
      : `  oneof ${member.name} {\n${member.fields.map((field) => printField(field.proto, '')).join('')}  }\n`,
  )
  const extensions = proto.extensionRange.map(({ start }) => `  extensions ${start} to max;\n`)
  return `message ${name} {\n${[...fields, ...extensions].join('')}}`
}

const printField = (field: FieldDescriptorProto, label = `${Label[field.label].toLowerCase()} `): string =>
  `  ${label}${field.typeName || Type[field.type].toLowerCase()} ${field.name} = ${field.number};\n`
