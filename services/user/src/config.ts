import { bool, commonSchema, integer, str } from '@quartet/service'

/** The environment of the user service; docs/configuration.md is made from it. */
export const schema = {
  ...commonSchema,
  QUARTET_DEMO: bool({
    default: false,
    desc: 'Creates the demo accounts of QUARTET_DEMO_ACCOUNTS at start; for demonstrations only',
  }),
  QUARTET_DEMO_ACCOUNTS: str({
    default: '',
    desc: 'Path of a JSON file [{"email", "password", "role"}], read only where QUARTET_DEMO is true',
  }),
  QUARTET_SERVICE_SECRETS_DIR: str({
    default: '',
    desc: 'Path of a folder with the secrets of the services that may sign in: a file each, named as the service, one secret a line, all of them good; without it none may',
  }),
  QUARTET_KEY_SECRET_FILE: str({
    default: '',
    desc: 'Path of the file with the secret that encrypts the signing keys in the database, 32 characters or more; older ones may follow, one a line. Needed unless QUARTET_DEMO is true',
  }),
  QUARTET_KEY_DAYS: integer(
    0,
    3650,
  )({ default: 30, desc: 'Days after which a new signing key replaces the last one; 0: never' }),
}
