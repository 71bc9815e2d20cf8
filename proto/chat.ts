import { loadService } from './contract.ts'
import { ChatService as descriptor } from './gen/es/quartet/chat/v1/chat_pb.js'
import type { ChatServiceDefinition, ChatServiceHandlers } from './gen/types/quartet/chat/v1/ChatService.ts'

/** Rooms, their messages, and a look at the machinery: quartet/chat/v1/chat.proto. */
export const ChatService = loadService<ChatServiceDefinition, ChatServiceHandlers>(descriptor)

// `X` is a message to send, all fields optional; `X__Output` is one that was received, all fields there.
export type * from './gen/types/quartet/chat/v1/ChatRequest.ts'
export type * from './gen/types/quartet/chat/v1/ChatResponse.ts'
export type * from './gen/types/quartet/chat/v1/CreateRoomRequest.ts'
export type * from './gen/types/quartet/chat/v1/ListMessagesRequest.ts'
export type * from './gen/types/quartet/chat/v1/Message.ts'
export type * from './gen/types/quartet/chat/v1/MonitorRequest.ts'
export type * from './gen/types/quartet/chat/v1/MonitorResponse.ts'
export type * from './gen/types/quartet/chat/v1/Presence.ts'
export type * from './gen/types/quartet/chat/v1/PresenceState.ts'
export type * from './gen/types/quartet/chat/v1/Room.ts'
export type * from './gen/types/quartet/chat/v1/RoomVisibility.ts'
export type * from './gen/types/quartet/chat/v1/SendMessageRequest.ts'
export type * from './gen/types/quartet/chat/v1/SubscribeRequest.ts'
export type * from './gen/types/quartet/chat/v1/SubscribeResponse.ts'
export type * from './gen/types/quartet/chat/v1/WatchMetricsRequest.ts'
export type * from './gen/types/quartet/chat/v1/WatchMetricsResponse.ts'
