import { ScalarType } from '@bufbuild/protobuf'
import { WireType } from '@bufbuild/protobuf/wire'
import { WireOutput } from './wire-output.ts'

export type Write = (value: unknown) => void
/** How the values of one type are written. */
export interface Encoding {
  readonly wireType: WireType
  readonly write: Write
}

/** One for all: nothing else runs while a message is written. */
export const output = new WireOutput()

/** Keys of maps come as text. */
const whole = (value: unknown): number => {
  const number = Number(value)
  if (!Number.isInteger(number)) throw new TypeError(`${String(value)} is no whole number`)
  return number
}
const natural = (value: unknown): number => {
  const number = whole(value)
  if (number < 0) throw new TypeError(`${number} is less than nothing`)
  return number
}
/** Text is base64. */
const octets = (value: unknown): Uint8Array => {
  if (typeof value === 'string') return Buffer.from(value, 'base64')
  if (!(value instanceof Uint8Array)) throw new TypeError(`${typeof value} is no bytes`)
  return value
}
/** Negative numbers of 32 bits take ten bytes, as those of 64 do. */
export const signed = (value: number) => (value < 0 ? output.varint64(BigInt(value)) : output.varint(value))
const long: Write = (value) => {
  const number = Number(value)
  if (number >= 0 && Number.isSafeInteger(number)) output.varint(number)
  else output.varint64(BigInt(value as string))
}
/** Small numbers of either sign become small ones without. */
const zigzag = (value: bigint) => output.varint64((value << 1n) ^ (value >> 63n))

const as = (wireType: WireType, write: Write): Encoding => ({ wireType, write })
const { Varint, Bit32, Bit64, LengthDelimited } = WireType

export const scalars: Record<ScalarType, Encoding> = {
  [ScalarType.DOUBLE]: as(Bit64, (value) => output.double(value as number)),
  [ScalarType.FLOAT]: as(Bit32, (value) => output.float(value as number)),
  [ScalarType.INT64]: as(Varint, long),
  [ScalarType.UINT64]: as(Varint, long),
  [ScalarType.INT32]: as(Varint, (value) => signed(whole(value))),
  [ScalarType.FIXED64]: as(Bit64, (value) => output.fixed64(BigInt(value as string))),
  [ScalarType.FIXED32]: as(Bit32, (value) => output.fixed32(whole(value))),
  [ScalarType.BOOL]: as(Varint, (value) => output.varint(value && value !== 'false' ? 1 : 0)),
  [ScalarType.STRING]: as(LengthDelimited, (value) => output.text(value as string)),
  [ScalarType.BYTES]: as(LengthDelimited, (value) => output.bytes(octets(value))),
  [ScalarType.UINT32]: as(Varint, (value) => output.varint(natural(value))),
  [ScalarType.SFIXED32]: as(Bit32, (value) => output.fixed32(whole(value))),
  [ScalarType.SFIXED64]: as(Bit64, (value) => output.fixed64(BigInt(value as string))),
  [ScalarType.SINT32]: as(Varint, (value) => zigzag(BigInt(whole(value)))),
  [ScalarType.SINT64]: as(Varint, (value) => zigzag(BigInt(value as string))),
}
