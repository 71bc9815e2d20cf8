import type { FileRepository } from './file-repository.ts'
import type { FileStore } from './file-store.ts'

/** A stretch of a file: up to where the next one starts. */
export interface Segment {
  readonly key: string
  /** Where in the file it begins, in bytes. */
  readonly start: number
}

/** The bytes from `start` to before `end` of what lies in these segments, which are in order. */
export async function* readContent(
  store: FileStore,
  segments: readonly Segment[],
  start: number,
  end: number,
): AsyncGenerator<Buffer> {
  for (const [i, segment] of segments.entries()) {
    const from = Math.max(start, segment.start)
    const to = Math.min(end, segments[i + 1]?.start ?? Infinity)
    if (from < to) yield* store.read(segment.key, from - segment.start, to - segment.start)
  }
}

/** Removes bytes that belong to nothing, and only then the memory of them: cut short, it is done again by the sweep. */
export const removeSegments = async (
  { files, store }: { files: FileRepository; store: FileStore },
  keys: readonly string[],
): Promise<void> => {
  for (const key of keys) {
    await store.remove(key)
    await files.forgetSegment(key)
  }
}
