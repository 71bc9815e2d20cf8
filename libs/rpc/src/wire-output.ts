/** Where messages begin. Grows with what is written. */
const initialBytes = 16 * 1024
/** A longer message takes the memory that it was written to along, in place of a copy. */
const longestCopy = 32 * 1024
/** So many UTF-16 units make 127 bytes of UTF-8 at most: their number of bytes is one byte. */
const shortText = 42
const maxPerUnit = 3

/** The bytes of a message in the making, as protobuf puts values on the wire (protobuf.dev/programming-guides/encoding). */
export class WireOutput {
  #bytes = Buffer.allocUnsafeSlow(initialBytes)
  #at = 0

  /** Forgets what is there: the next message begins. */
  clear(): void {
    this.#at = 0
  }

  /** What has been written, as memory of its own. */
  take(): Buffer {
    const written = this.#bytes.subarray(0, this.#at)
    if (this.#at <= longestCopy) return Buffer.from(written)
    this.#bytes = Buffer.allocUnsafeSlow(initialBytes)
    return written
  }

  /** @param value 0 to 2 ** 53 - 1. */
  varint(value: number): void {
    const bytes = this.#reserve(8)
    let at = this.#at
    for (; value > 0x7fffffff; value = Math.floor(value / 128)) bytes[at++] = (value % 128) | 128
    for (; value > 127; value >>>= 7) bytes[at++] = (value & 127) | 128
    bytes[at++] = value
    this.#at = at
  }

  /** Negative numbers take ten bytes. */
  varint64(value: bigint): void {
    this.#reserve(10)
    let left = BigInt.asUintN(64, value)
    for (; left > 127n; left >>= 7n) this.#bytes[this.#at++] = Number(left & 127n) | 128
    this.#bytes[this.#at++] = Number(left)
  }

  fixed32(value: number): void {
    this.#at = this.#reserve(4).writeUInt32LE(value >>> 0, this.#at)
  }

  fixed64(value: bigint): void {
    this.#at = this.#reserve(8).writeBigUInt64LE(BigInt.asUintN(64, value), this.#at)
  }

  float(value: number): void {
    this.#at = this.#reserve(4).writeFloatLE(value, this.#at)
  }

  double(value: number): void {
    this.#at = this.#reserve(8).writeDoubleLE(value, this.#at)
  }

  /** With its length. What UTF-8 cannot express (half of a surrogate pair) becomes U+FFFD. */
  text(value: string): void {
    const { length } = value
    if (length > shortText) {
      const size = Buffer.byteLength(value)
      this.varint(size)
      this.#at += this.#reserve(size).write(value, this.#at)
      return
    }
    const bytes = this.#reserve(1 + length * maxPerUnit)
    const start = this.#at + 1
    // A call into Node costs more than so few characters.
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i)
      if (unit > 127) {
        this.#at = start + (bytes[this.#at] = bytes.write(value, start))
        return
      }
      bytes[start + i] = unit
    }
    bytes[this.#at] = length
    this.#at = start + length
  }

  /** With their number. */
  bytes(value: Uint8Array): void {
    this.varint(value.length)
    this.#reserve(value.length).set(value, this.#at)
    this.#at += value.length
  }

  /** Leaves room for a length of `width` bytes; {@link close} puts it there. Returns where. */
  open(width: number): number {
    this.#reserve(width)
    this.#at += width
    return this.#at - width
  }

  /**
   * The length of what was written since {@link open}, and that is moved where the room does not fit. Returns the width of
   * the length: the next message of the kind is likely as long.
   */
  close(opened: number, width: number): number {
    const start = opened + width
    const length = this.#at - start
    const needed =
      length < 2 ** 7 ? 1 : length < 2 ** 14 ? 2 : length < 2 ** 21 ? 3 : length < 2 ** 28 ? 4 : 5
    if (needed !== width) this.#reserve(needed).copyWithin(opened + needed, start, start + length)
    this.#at = opened
    this.varint(length)
    this.#at += length
    return needed
  }

  #reserve(count: number): Buffer {
    if (this.#at + count <= this.#bytes.length) return this.#bytes
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#at + count, this.#bytes.length * 2))
    this.#bytes.copy(larger)
    return (this.#bytes = larger)
  }
}
