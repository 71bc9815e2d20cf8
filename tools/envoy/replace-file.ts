import { randomUUID } from 'node:crypto'
import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Writes a file whole or not at all: whoever reads or watches it never sees a part. */
export const replaceFile = async (
  directory: string,
  name: string,
  content: string | Buffer,
): Promise<void> => {
  const draft = join(directory, `.${name}.${randomUUID()}`)
  try {
    await writeFile(draft, content)
    await rename(draft, join(directory, name))
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}
