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
}
