import { loadService } from './contract.ts'
import { OrderService as descriptor } from './gen/es/quartet/order/v1/order_pb.js'
import type {
  OrderServiceDefinition,
  OrderServiceHandlers,
} from './gen/types/quartet/order/v1/OrderService.ts'

/** Orders, from the basket to the door: quartet/order/v1/order.proto. */
export const OrderService = loadService<OrderServiceDefinition, OrderServiceHandlers>(descriptor)

// `X` is a message to send, all fields optional; `X__Output` is one that was received, all fields there.
export type * from './gen/types/quartet/order/v1/CreateOrderRequest.ts'
export type * from './gen/types/quartet/order/v1/LineItem.ts'
export type * from './gen/types/quartet/order/v1/ListOrdersRequest.ts'
export type * from './gen/types/quartet/order/v1/Order.ts'
export type * from './gen/types/quartet/order/v1/OrderChange.ts'
export type * from './gen/types/quartet/order/v1/OrderChatRequest.ts'
export type * from './gen/types/quartet/order/v1/OrderChatResponse.ts'
export type * from './gen/types/quartet/order/v1/OrderStatus.ts'
export type * from './gen/types/quartet/order/v1/StreamOrderUpdatesRequest.ts'
export type * from './gen/types/quartet/order/v1/StreamOrderUpdatesResponse.ts'
export type * from './gen/types/quartet/order/v1/UpdateOrderStatusRequest.ts'
export type * from './gen/types/quartet/order/v1/UploadLineItemsRequest.ts'
export type * from './gen/types/quartet/order/v1/UploadLineItemsResponse.ts'
export type * from './gen/types/google/protobuf/Struct.ts'
export type * from './gen/types/google/protobuf/Value.ts'
export type * from './gen/types/google/type/Money.ts'
