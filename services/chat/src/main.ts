import { join } from 'node:path'
import { OrderService } from '@quartet/proto/order'
import { runService } from '@quartet/service'
import { createApp } from './app.ts'
import { schema } from './config.ts'
import { tellOrderNews } from './order-news.ts'

const migrations = join(import.meta.dirname, '../prisma/migrations')

runService({ name: 'chat', schema, migrations }, async (foundation) => {
  const { config, pool, listener, logger, onStop, connect, clientOptions, identity } = foundation
  const issuer = identity(config.QUARTET_USER_TARGET)
  const asChat = await issuer.asService()

  const app = createApp({
    pool,
    listener,
    logger,
    targets: {
      user: config.QUARTET_USER_TARGET,
      order: config.QUARTET_ORDER_TARGET,
      upload: config.QUARTET_UPLOAD_TARGET,
      chat: config.QUARTET_CHAT_TARGET,
    },
    clientOptions: { ...clientOptions, interceptors: [...(clientOptions.interceptors ?? []), asChat] },
  })
  onStop(app.close)

  const orders = connect(OrderService, config.QUARTET_ORDER_TARGET, { interceptors: [asChat] })
  const stopping = new AbortController()
  const news = tellOrderNews({ orders, pool, onSaid: app.onSaid, signal: stopping.signal, logger })
  onStop(() => {
    stopping.abort()
    return news
  })

  return { implementations: app.implementations, verify: issuer.verify }
})
