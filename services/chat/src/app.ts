import { prismaAdapter } from '@quartet/database'
import { ChatService } from '@quartet/proto/chat'
import { implement } from '@quartet/rpc'
import type { Pool } from 'pg'
import { entrance } from './enter.ts'
import { PrismaClient } from './generated/prisma/client.ts'
import { messageHandlers } from './message-handlers.ts'
import { messageRepository } from './message-repository.ts'
import { roomHandlers } from './room-handlers.ts'
import { roomRepository } from './room-repository.ts'
import { sayer } from './say.ts'

/** The chat service, put together on a database that has its schema; who owns the process serves it. */
export const createApp = (pool: Pool) => {
  const prisma = new PrismaClient({ adapter: prismaAdapter(pool) })
  const rooms = roomRepository(prisma, pool)
  const messages = messageRepository(pool, () => {})
  const enter = entrance(rooms)
  const say = sayer(messages)

  return {
    implementations: [
      implement(ChatService, {
        ...roomHandlers({ rooms, enter, membersChanged: () => {} }),
        ...messageHandlers({ rooms, messages, enter, say }),
      }),
    ],
  }
}
