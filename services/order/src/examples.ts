import { status } from '@grpc/grpc-js'
import { OrderService } from '@quartet/proto/order'
import { examplesOf } from '@quartet/testing'

const tea = {
  productId: 'tea-darjeeling',
  name: 'Darjeeling, first flush, 100 g',
  quantity: 2,
  unitPrice: { currencyCode: 'EUR', units: 12, nanos: 500_000_000 },
}
const orderId = '{createOrder.order.id}'
const owned = { orRole: 'EDITOR' } as const

/** One request of each RPC that this service answers: for the tests of access and validation, and for the docs. */
export const examples = [
  examplesOf(OrderService, {
    createOrder: {
      request: {
        customerId: '{owner.id}',
        items: [tea],
        attributes: { fields: { gift: { boolValue: true } } },
        requestId: '{unique}',
      },
      owned: { ...owned, otherwise: status.PERMISSION_DENIED },
    },
    getOrder: { request: { orderId }, owned },
    updateOrderStatus: { request: { orderId, status: 'ORDER_STATUS_CANCELLED' }, owned },
    listOrders: {
      request: { customerId: '{owner.id}', status: 'ORDER_STATUS_PENDING', limit: 10 },
      owned: { ...owned, otherwise: status.PERMISSION_DENIED },
    },
    streamOrderUpdates: { request: { orderId }, owned },
    uploadLineItems: {
      request: [{ start: { orderId } }, { item: tea }, { commit: { count: 1 } }],
      owned,
    },
    orderChat: { request: [{ join: { orderId, afterSequence: 0 } }] },
  }),
]
