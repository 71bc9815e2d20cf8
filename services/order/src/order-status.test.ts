import { leadsTo, type OrderStatus } from './order-status.ts'

test('one step at a time, and off only before it is shipped', () => {
  const all: OrderStatus[] = ['PENDING', 'CONFIRMED', 'SHIPPED', 'DELIVERED', 'CANCELLED']
  const steps = all.flatMap((from) => all.filter((to) => leadsTo(from, to)).map((to) => `${from} ${to}`))
  expect(steps).toEqual([
    'PENDING CONFIRMED',
    'PENDING CANCELLED',
    'CONFIRMED SHIPPED',
    'CONFIRMED CANCELLED',
    'SHIPPED DELIVERED',
  ])
})
