import { createHash } from 'node:crypto'
import type { ChannelCredentials } from '@grpc/grpc-js'
import { AuthService } from '@quartet/proto/auth'
import { ChatService } from '@quartet/proto/chat'
import type { Service } from '@quartet/proto/contract'
import { OrderService } from '@quartet/proto/order'
import { UploadService } from '@quartet/proto/upload'
import { UserService } from '@quartet/proto/user'
import { createClient } from '@quartet/rpc'
import type { Account } from '../start/accounts.ts'
import { files, messages, orders, people } from './people.ts'

export interface Demo {
  /** host:port of each service. */
  readonly endpoints: Readonly<Record<string, string>>
  readonly accounts: readonly Account[]
  /** Plaintext unless given. */
  readonly credentials?: ChannelCredentials | undefined
}

/**
 * Fills a suite in which nobody has ordered anything with a few people, orders, files and messages, through its API like
 * everybody else. Each create has a key of its own, so a fill that was cut before its first order is finished by the next.
 */
export const fillDemo = async ({ endpoints, accounts, credentials }: Demo): Promise<void> => {
  const clients: { close(): void }[] = []
  const as = <S extends Service>(service: S, name: string, token?: string) => {
    const client = createClient(service, { target: endpoints[name]!, credentials, token: () => token })
    clients.push(client)
    return client
  }
  const signIn = async ({ email, password, role }: Account) => {
    const { tokens, user } = await as(AuthService, 'user').signIn({ email, password })
    return [role, { email, id: user!.id, token: tokens!.accessToken }] as const
  }

  try {
    const who = Object.fromEntries(await Promise.all(accounts.map(signIn)))
    const { ADMIN: admin, VIEWER: viewer } = who
    const shop = as(OrderService, 'order', admin!.token)
    for await (const page of shop.listOrders({ limit: 1 })) if (page.orders.length > 0) return

    const users = as(UserService, 'user', admin!.token)
    const ids = new Map([[viewer!.email, viewer!.id]])
    for (const person of people) {
      const { user } = await users.createUser({ ...person, tags: [...person.tags], requestId: person.email })
      ids.set(person.email, user!.id)
    }

    const library = as(UploadService, 'upload', viewer!.token)
    for (const [name, contentType, text] of files) await library.uploadChunks(upload(name, contentType, text))

    const rooms = as(ChatService, 'chat', admin!.token)
    const memberIds = Object.values(who).map(({ id }) => id)
    const { room } = await rooms.createRoom({
      title: 'Welcome',
      visibility: 'ROOM_VISIBILITY_OPEN',
      memberIds: memberIds.filter((id) => id !== admin!.id),
      requestId: 'demo',
    })
    for (const [index, [role, text]] of messages.entries()) {
      const speaker = as(ChatService, 'chat', who[role]!.token)
      await speaker.sendMessage({ roomId: room!.id, text, clientMessageId: `demo-${index}` })
    }

    // Last, because it is they that tell whether the demo is filled.
    for (const { email, items, steps } of orders) {
      const customerId = ids.get(email)!
      const { order } = await shop.createOrder({ customerId, items: [...items], requestId: email })
      for (const status of steps) await shop.updateOrderStatus({ orderId: order!.id, status })
    }
  } finally {
    for (const client of clients) client.close()
  }
}

async function* upload(name: string, contentType: string, text: string) {
  const data = Buffer.from(text)
  yield { start: { name, contentType } }
  yield { chunk: { sequence: 0, offset: 0, data } }
  yield { commit: { size: data.length, sha256: createHash('sha256').update(data).digest('hex') } }
}
