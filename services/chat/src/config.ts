import { commonSchema, targetOf } from '@quartet/service'

/** The environment of the chat service; docs/configuration.md is made from it. */
export const schema = {
  ...commonSchema,
  QUARTET_USER_TARGET: targetOf('user'),
  QUARTET_ORDER_TARGET: targetOf('order'),
  QUARTET_UPLOAD_TARGET: targetOf('upload'),
  QUARTET_CHAT_TARGET: targetOf('chat'),
}
