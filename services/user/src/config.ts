import { bool, commonSchema, str } from '@quartet/service'

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
}
