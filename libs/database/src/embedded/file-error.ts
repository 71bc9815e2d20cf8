const reasons: Record<string, string> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left',
  ENOTDIR: 'a part of the path is a file',
  EEXIST: 'a file of that name is in the way',
}

/** The error as one line that names the folder and what to do. */
export const explainFileError = (folder: string, cause: unknown): Error => {
  const { code = '', message } = cause as NodeJS.ErrnoException
  return new Error(
    `PostgreSQL cannot use the folder ${folder} (${reasons[code] ?? message}): mend that, name another folder, or set DATABASE_URL.`,
    { cause },
  )
}
