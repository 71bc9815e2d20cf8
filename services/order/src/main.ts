import { join } from 'node:path'
import { ChatService } from '@quartet/proto/chat'
import { UserService } from '@quartet/proto/user'
import { runService } from '@quartet/service'
import { createApp } from './app.ts'
import { schema } from './config.ts'

const migrations = join(import.meta.dirname, '../prisma/migrations')

runService({ name: 'order', schema, migrations }, async (service) => {
  const { config, connect, identity, onStop } = service
  const who = identity(config.QUARTET_USER_TARGET)
  const users = connect(UserService, config.QUARTET_USER_TARGET)
  const chat = connect(ChatService, config.QUARTET_CHAT_TARGET, { interceptors: [await who.asService()] })
  const app = createApp({ ...service, users, chat })
  onStop(app.close)
  return { ...app, verify: who.verify }
})
