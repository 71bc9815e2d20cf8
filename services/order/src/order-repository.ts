import { randomUUIDv7 } from 'node:crypto'
import {
  cancellable,
  cancellableTransaction,
  once,
  recall,
  type Attempt,
  type Codec,
  type Wait,
} from '@quartet/database'
import type { Pool } from 'pg'
import { Prisma, type PrismaClient } from './generated/prisma/client.ts'
import { eventOf, type OrderFeed } from './order-feed.ts'
import type { OrderStatus } from './order-status.ts'
import {
  maxSize,
  place,
  type NewOrder,
  type OrderHeader,
  type StoredItem,
  type StoredOrder,
} from './order.ts'

/** An order was created, now or by an earlier try, or why not. */
export type Created = { readonly order: StoredOrder } | { readonly problem: 'REQUEST_ID_REUSED' }

/** What becomes of an order. */
export type Change = Partial<Pick<OrderHeader, 'status' | 'currency' | 'total' | 'itemCount' | 'size'>> & {
  /** Behind those there are; counted in `itemCount`. */
  readonly newItems?: readonly StoredItem[]
}

/** Which orders; undefined lets all pass. */
export interface OrderFilter {
  readonly customerId: string | undefined
  readonly status: OrderStatus | undefined
}

export type OrderRepository = ReturnType<typeof orderRepository>

const pageSize = 100

/** Orders in PostgreSQL. docs/decisions/prisma-and-pg.md says which query goes through what. */
export const orderRepository = (prisma: PrismaClient, pool: Pool, feed: OrderFeed) => ({
  async get(id: string): Promise<StoredOrder | undefined> {
    const { rows } = await pool.query<Row>({
      name: 'order',
      text: `select ${columns}, ${itemsOf('orders')} from orders where id = $1`,
      values: [id],
    })
    return rows[0] && toStored(rows[0])
  },

  /** The same without the items. */
  async getHeader(id: string): Promise<OrderHeader | undefined> {
    const { rows } = await pool.query<OrderHeader>({
      name: 'order header',
      text: `select ${columns} from orders where id = $1`,
      values: [id],
    })
    return rows[0]
  },

  /** An order with the items that it had at the time of this header. */
  withItems: async (order: OrderHeader): Promise<StoredOrder> => {
    const { rows } = await pool.query<Pick<Row, 'items'>>({
      name: 'items of an order',
      text: `select ${itemsOf('known')} from (select $1::uuid as id, $2::int as item_count) as known`,
      values: [order.id, order.itemCount],
    })
    return toStored({ ...order, items: rows[0]!.items })
  },

  /** The result of an earlier try, where there was one. */
  recall: (order: NewOrder, attempt: Attempt | undefined): Promise<Created | undefined> =>
    recall(pool, attempt, placed(order)).then((outcome) => outcome && created(outcome)),

  /**
   * Creates an order.
   * @param attempt makes a repetition return the first result.
   */
  async create(order: NewOrder, attempt: Attempt | undefined, wait: Wait): Promise<Created> {
    const outcome = await cancellableTransaction(prisma, pool, wait, (tx) =>
      once(tx, attempt, placed(order), async () => {
        const { items, ...header } = place(order, { id: randomUUIDv7(), at: new Date() })
        await tx.order.create({ data: { ...header, attributes: header.attributes ?? Prisma.DbNull } })
        await addItems(tx, header.id, 0, items)
        await feed.append(tx, eventOf(header, null))
        return { ...header, items }
      }),
    )
    feed.committed()
    return created(outcome)
  },

  /**
   * Changes an order while nobody else can. Returns it as it is then; undefined where there is none.
   * @param decide gets it as it is and says what changes; nothing does where it returns undefined or throws.
   */
  async update(
    id: string,
    decide: (order: OrderHeader) => Change | undefined,
    wait: Wait,
  ): Promise<OrderHeader | undefined> {
    const order = await cancellableTransaction(prisma, pool, wait, async (tx) => {
      await feed.lock(tx, id)
      const [order] = await tx.$queryRaw<OrderHeader[]>`
        select ${Prisma.raw(columns)} from orders where id = ${id}::uuid for update`
      const change = order && decide(order)
      if (!order || !change) return order
      const { newItems = [], ...fields } = change
      const changes = { ...fields, version: order.version + 1, updatedAt: new Date() }
      await addItems(tx, id, order.itemCount, newItems)
      await tx.order.updateMany({ where: { id }, data: changes })
      const changed = { ...order, ...changes }
      await feed.append(tx, eventOf(changed, order.status))
      return changed
    })
    feed.committed()
    return order
  },

  /**
   * At most `limit` orders, newest first, a page at a time. No connection is held while a page is with its reader.
   * @throws the reason of the signal.
   */
  async *list(filter: OrderFilter, limit: number, wait: Wait): AsyncGenerator<StoredOrder[]> {
    let before: string | undefined
    for (let left = limit; left > 0;) {
      const query = pageOf(filter, before, Math.min(left, pageSize))
      const { rows } = await cancellable(pool, wait, (client) => client.query<Row>(query))
      if (rows.length === 0) return
      yield rows.map(toStored)
      left -= rows.length
      before = rows.at(-1)!.id
    }
  },
})

/** The columns of an OrderHeader under its names. */
const columns = `id, customer_id as "customerId", status, currency, total::text, item_count as "itemCount", size,
  attributes, version, created_at as "createdAt", updated_at as "updatedAt"`

/** The items that a row of `table` counts, which later ones do not change. */
const itemsOf = (table: string) =>
  `coalesce((
     select json_agg(json_build_array(product_id, name, quantity, unit_price::text) order by position)
     from order_items where order_id = ${table}.id and position < ${table}.item_count), '[]') as items`

/** As many of the next orders as fit into a message, and one at least. Only what is asked for is in its conditions. */
const pageOf = ({ customerId, status }: OrderFilter, before: string | undefined, limit: number) => {
  const conditions = { 'customer_id =': customerId, 'status =': status, 'id <': before }
  const given = Object.entries(conditions).filter(([, value]) => value !== undefined)
  const where = given.map(([condition], index) => `and ${condition} $${index + 3}`).join(' ')
  return {
    text: `
      with newest as (select * from orders where true ${where} order by id desc limit $1),
      measured as (select *, sum(size) over (order by id desc) as sum from newest)
      select ${columns}, ${itemsOf('measured')} from measured where sum <= $2 or sum = size order by id desc`,
    values: [limit, maxSize, ...given.map(([, value]) => value)],
  }
}

type Row = OrderHeader & { readonly items: readonly [string, string, number, string][] }

const toStored = ({ items, ...order }: Row): StoredOrder => ({
  ...order,
  items: items.map(([productId, name, quantity, unitPrice]) => ({ productId, name, quantity, unitPrice })),
})

const addItems = (
  tx: Prisma.TransactionClient,
  orderId: string,
  position: number,
  items: readonly StoredItem[],
) => tx.$executeRaw`
  insert into order_items (order_id, position, product_id, name, quantity, unit_price)
  select ${orderId}::uuid, ${position}::int + place - 1, product_id, name, quantity, unit_price
  from unnest(${items.map(({ productId }) => productId)}::text[], ${items.map(({ name }) => name)}::text[],
    ${items.map(({ quantity }) => quantity)}::int[], ${items.map(({ unitPrice }) => unitPrice)}::text[]::numeric[])
  with ordinality as item (product_id, name, quantity, unit_price, place)`

/** What a repetition cannot tell from its own request, which is the same. */
const placed = (order: NewOrder): Codec<StoredOrder> => ({
  encode: ({ id, createdAt }) => Buffer.from(JSON.stringify({ id, at: createdAt })),
  decode(bytes) {
    const { id, at } = JSON.parse(Buffer.from(bytes).toString()) as { id: string; at: string }
    return place(order, { id, at: new Date(at) })
  },
})

const created = (outcome: { outcome: 'reused' } | { outcome: string; value: StoredOrder }): Created =>
  'value' in outcome ? { order: outcome.value } : { problem: 'REQUEST_ID_REUSED' }
