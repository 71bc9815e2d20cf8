import { AuthService } from '@quartet/proto/auth'
import { ChatService } from '@quartet/proto/chat'
import type { Service } from '@quartet/proto/contract'
import { OrderService } from '@quartet/proto/order'
import { createClient } from '@quartet/rpc'
import { talk } from './chat.ts'
import { createAndRead, uploadItems, watchOrders } from './orders.ts'
import { answerOf, newRecord, type Record } from './record.ts'

/** Where the services are reached: all at one edge, or each at a target of its own. */
export interface Targets {
  readonly user: string
  readonly order: string
  readonly chat: string
}

export const atEdge = (edge: string): Targets => ({ user: edge, order: edge, chat: edge })

/**
 * Calls the suite in all four kinds at once, as an administrator, until it is stopped. Clients balance over all addresses of
 * a target and retry what the contract says may be repeated, as they always do.
 */
export const startMixedLoad = async (
  { user, order, chat }: Targets,
  account: { readonly email: string; readonly password: string },
): Promise<{ readonly record: Record; stop(): Promise<Record> }> => {
  const record = newRecord()
  const auth = createClient(AuthService, { target: user })
  const { tokens } = await answerOf(record, () => auth.signIn(account))
  auth.close()
  const clients: { close(): void }[] = []
  const connect = <S extends Service>(service: S, target: string) => {
    const client = createClient(service, { target, token: () => tokens!.accessToken })
    clients.push(client)
    return client
  }

  const stopping = new AbortController()
  const { signal } = stopping
  const watch = watchOrders(connect(OrderService, order), record)
  await watch.opened()
  const creating = createAndRead(connect(OrderService, order), record, signal)
  const others = Promise.all([
    uploadItems(connect(OrderService, order), record, signal),
    talk(connect(ChatService, chat), record, signal),
  ])
  return {
    record,
    async stop() {
      stopping.abort()
      await watch.stop(await creating)
      await others
      for (const client of clients) client.close()
      return record
    },
  }
}
