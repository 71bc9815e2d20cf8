import { readFile } from 'node:fs/promises'

/** Characters that a secret has at least: 32 hexadecimal digits are 128 bits. */
const minLength = 32

/**
 * The secrets in a file, one a line: the first is the one to use, all of them are accepted. So a secret is replaced by
 * writing a new one above it, and the old one goes once nobody uses it.
 *
 * @throws Error in one line that names the file, never what is in it: it cannot be read, or a secret is too short.
 */
export const readSecrets = async (file: string): Promise<[string, ...string[]]> => {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new Error(`the secret in ${file || '(no file is named)'} cannot be read (${cause.code})`, { cause })
  })
  const [first, ...others] = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  if (first === undefined || [first, ...others].some(({ length }) => length < minLength))
    throw new Error(
      `a secret in ${file} has fewer than ${minLength} characters: "openssl rand -hex 32" makes one`,
    )
  return [first, ...others]
}
