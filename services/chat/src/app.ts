import { prismaOptions } from '@quartet/database'
import type { Listener } from '@quartet/events'
import { ChatService } from '@quartet/proto/chat'
import { implement, type ClientOptions, type Context } from '@quartet/rpc'
import type { Pool } from 'pg'
import { chatHandler } from './chat-handler.ts'
import { createDoorkeeper } from './doorkeeper.ts'
import { entrance } from './enter.ts'
import { PrismaClient } from './generated/prisma/client.ts'
import { liveRooms } from './live-rooms.ts'
import { messageHandlers } from './message-handlers.ts'
import { messageRepository } from './message-repository.ts'
import { monitorHandlers } from './monitor/monitor-handlers.ts'
import { watchedReplicas, type ServiceId } from './monitor/watched-replicas.ts'
import { presenceBoard } from './presence.ts'
import { roomHandlers } from './room-handlers.ts'
import { roomRepository } from './room-repository.ts'
import { sayer } from './say.ts'
import { createTopic } from './topic.ts'
import { visitor } from './visit.ts'

export interface AppOptions {
  /** Of a database that has the service's schema. */
  readonly pool: Pool
  /** On the same database. */
  readonly listener: Listener
  readonly logger: Context['logger']
  /** Where the services are whose figures `Monitor` shows. */
  readonly targets: Readonly<Record<ServiceId, string>>
  /** Of clients that call as this service. */
  readonly clientOptions: Pick<ClientOptions, 'credentials' | 'interceptors' | 'token'>
}

/** The chat service, put together; who owns the process serves it. */
export const createApp = ({ pool, listener, logger, targets, clientOptions }: AppOptions) => {
  const topic = (channel: string) =>
    createTopic({
      pool,
      listener,
      channel,
      onError: (err) => logger.warn({ err, channel }, 'the other replicas were not told'),
    })
  const [said, changed, present] = [topic('said'), topic('members_changed'), topic('presence')]

  const rooms = roomRepository(new PrismaClient(prismaOptions(pool)), pool)
  const messages = messageRepository(pool, said.tell)
  const live = liveRooms({
    rooms,
    messages,
    said,
    onError: (err) => logger.warn({ err }, 'rooms could not be read on, and are tried again'),
  })
  const presence = presenceBoard(present)
  const enter = entrance(rooms)
  const doorkeeper = createDoorkeeper({ enter, changed })
  const say = sayer(messages)
  const replicas = watchedReplicas({
    targets,
    clientOptions,
    onError: (err, serviceId) =>
      logger.warn({ err, serviceId }, 'figures cannot be had, and are tried again'),
  })
  const visit = visitor({ enter, live, presence, doorkeeper })

  return {
    implementations: [
      implement(ChatService, {
        ...roomHandlers({ rooms, enter, membersChanged: changed.tell }),
        ...messageHandlers({ rooms, messages, enter, say, visit }),
        ...monitorHandlers(replicas),
        chat: chatHandler({ visit, say, presence }),
      }),
    ],
    /** Tells the readers of a room, on all replicas, that something was said there. */
    onSaid: said.tell,
    /** Ends what runs beside the calls. */
    close: (): void => {
      for (const one of [replicas, live, presence, doorkeeper, said, changed, present]) one.close()
    },
  }
}
