import { Metadata } from '@grpc/grpc-js'
import type { Context } from './context.ts'
import { traceIdOf, traceparentFor } from './trace-id.ts'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const serving = (traceparent?: string) => {
  const metadata = new Metadata()
  if (traceparent) metadata.set('traceparent', traceparent)
  return { metadata, traceId: traceIdOf(metadata) } as Context
}

test('the traceparent that came goes on as it is', () => {
  const traceparent = `00-${traceId}-b7ad6b7169203331-00`
  expect(serving(traceparent).traceId).toBe(traceId)
  expect(traceparentFor(serving(traceparent))).toBe(traceparent)
})

test.each([undefined, 'nonsense', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`])(
  'where %s came, a new trace id goes on',
  (traceparent) => {
    const context = serving(traceparent)
    expect(traceparentFor(context)).toMatch(/^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-01$/)
    expect(traceparentFor(context)).toContain(context.traceId)
  },
)
