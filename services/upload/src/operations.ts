import { createHash } from 'node:crypto'

/** The SHA-256 of a stream, in lower-case hexadecimal digits. */
export const checksum = async (pieces: AsyncIterable<Buffer>): Promise<string> => {
  const hash = createHash('sha256')
  for await (const piece of pieces) hash.update(piece)
  return hash.digest('hex')
}

export interface Counts {
  /** Ends of lines. */
  readonly lines: number
  /** Runs of bytes that are no white space of ASCII, as `wc` counts them in the C locale. */
  readonly words: number
  readonly bytes: number
}

/** Counts a text as it comes by. */
export const count = async (pieces: AsyncIterable<Buffer>): Promise<Counts> => {
  let lines = 0
  let words = 0
  let bytes = 0
  let inWord = false
  for await (const piece of pieces) {
    bytes += piece.length
    for (const byte of piece) {
      if (byte === newline) lines++
      const isSpace = byte === space || (byte >= tab && byte <= carriageReturn)
      if (!isSpace && !inWord) words++
      inWord = !isSpace
    }
  }
  return { lines, words, bytes }
}

const newline = 0x0a
const space = 0x20
const tab = 0x09
const carriageReturn = 0x0d
