/** Made-up customers of a demo: nobody can sign in as them. */
export const people = [
  {
    name: 'Ada Lovelace',
    email: 'ada@quartet.test',
    age: 36,
    plan: 'USER_PLAN_ENTERPRISE',
    tags: ['analyst'],
  },
  {
    name: 'Grace Hopper',
    email: 'grace@quartet.test',
    age: 85,
    plan: 'USER_PLAN_PRO',
    tags: ['navy', 'compilers'],
  },
  { name: 'Edsger Dijkstra', email: 'edsger@quartet.test', age: 72, plan: 'USER_PLAN_FREE', tags: ['paths'] },
] as const

const euros = (units: string, cents: number) => ({ currencyCode: 'EUR', units, nanos: cents * 10_000_000 })

/** What they order, by e-mail, and how far it is. The viewer can sign in and has one of their own. */
export const orders = [
  {
    email: 'ada@quartet.test',
    items: [{ productId: 'engine', name: 'Analytical engine', quantity: 1, unitPrice: euros('17470', 0) }],
    steps: ['ORDER_STATUS_CONFIRMED', 'ORDER_STATUS_SHIPPED', 'ORDER_STATUS_DELIVERED'],
  },
  {
    email: 'grace@quartet.test',
    items: [
      { productId: 'wire', name: 'Wire, one nanosecond long', quantity: 1000, unitPrice: euros('0', 12) },
      { productId: 'notebook', name: 'Notebook', quantity: 2, unitPrice: euros('4', 95) },
    ],
    steps: ['ORDER_STATUS_CONFIRMED', 'ORDER_STATUS_SHIPPED'],
  },
  {
    email: 'viewer@quartet.test',
    items: [{ productId: 'tea', name: 'Tea', quantity: 3, unitPrice: euros('4', 95) }],
    steps: [],
  },
] as const

/** Who says what in the room that everybody may join, by role. */
export const messages = [
  ['ADMIN', 'Welcome to Quartet. Whatever is said here is stored before it is delivered.'],
  ['EDITOR', 'And whoever comes back late goes on after the last message they saw.'],
  ['VIEWER', 'Has anybody seen my tea?'],
  ['EDITOR', 'It is pending. Confirm it, and watch this with npm run try.'],
] as const

/** The viewer's files. */
export const files = [
  ['welcome.txt', 'text/plain', 'A file arrives in chunks, and is one when its SHA-256 is right.\n'],
  ['shopping.csv', 'text/csv', 'product,quantity\ntea,3\nmilk,1\n'],
] as const
