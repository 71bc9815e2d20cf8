import { commonSchema, integer, str, targetOf } from '@quartet/service'

/** The environment of the upload service; docs/configuration.md is made from it. */
export const schema = {
  ...commonSchema,
  QUARTET_USER_TARGET: targetOf('user'),
  FILES_DIR: str({
    desc: 'Path of the folder that keeps the bytes of all files; it must be there. All replicas share it',
  }),
  MAX_FILE_SIZE: integer(
    1,
    2 ** 40,
  )({
    default: 2 ** 30,
    desc: 'Bytes of the largest file, 1 to 1099511627776',
  }),
}
