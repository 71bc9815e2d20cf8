import type { Server } from '@grpc/grpc-js'
import { http2Servers } from './window.ts'

/** The most of each unit that is passed on, 20 days: the shorter units cannot say more in their eight digits. */
const most: Readonly<Record<string, number>> = { H: 480, M: 28_800, S: 1_728_000 }

/**
 * Shortens timeouts of more than 24 days. grpc-js reads a grpc-timeout into 32 bits of milliseconds: "600H" would be over
 * at once. Call it after `bindAsync`; it looks at each stream before grpc-js does.
 */
export const shortenTimeouts = (server: Server): void => {
  for (const http2Server of http2Servers(server))
    http2Server.prependListener('stream', (_stream, headers) => {
      const [, amount, unit = ''] = /(\d{1,8})\s*([HMS])/.exec(String(headers['grpc-timeout'])) ?? []
      if (Number(amount) > (most[unit] ?? Infinity)) headers['grpc-timeout'] = `${most[unit]}${unit}`
    })
}
