import { commonSchema, targetOf } from '@quartet/service'

/** The environment of the order service; docs/configuration.md is made from it. */
export const schema = {
  ...commonSchema,
  QUARTET_USER_TARGET: targetOf('user'),
  QUARTET_CHAT_TARGET: targetOf('chat'),
}
