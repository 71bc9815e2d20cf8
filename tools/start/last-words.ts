/**
 * What a process that gave up says about it, as one line: the message of its last log entry of level error or
 * fatal, else its first line that names an error (a stack follows that), else its last line. The name of the
 * program that services put before it is left out.
 */
export const lastWords = (name: string, lines: readonly string[]): string => {
  const words =
    lines.map(readEntry).findLast((entry) => entry?.level === 'error' || entry?.level === 'fatal')?.msg ??
    lines.find((line) => /\w*Error\b.*: /.test(line)) ??
    lines.findLast((line) => line.trim() !== '') ??
    'it said nothing'
  return words.trim().replace(new RegExp(`^${name}: `), '')
}

const readEntry = (line: string): { level?: string; msg?: string } | undefined => {
  if (!line.startsWith('{')) return undefined
  try {
    return JSON.parse(line) as { level?: string; msg?: string }
  } catch {
    return undefined
  }
}
