import { status } from '@grpc/grpc-js'
import { RpcError } from './errors.ts'
import { RequestStream } from './request-stream.ts'
import { serve } from './testing/serve.ts'

test('who asks for several at once gets them in order, each read when the one before it has come', async () => {
  let reads = 0
  const requests = new RequestStream(() => reads++)
  const asked = [requests.next(), requests.next(), requests.next(), requests.next()]
  expect(reads).toBe(1)
  requests.push({ n: 1 })
  expect(reads).toBe(2)
  requests.push({ n: 2 })
  requests.complete()
  expect(await Promise.all(asked)).toEqual([
    { done: false, value: { n: 1 } },
    { done: false, value: { n: 2 } },
    { done: true, value: undefined },
    { done: true, value: undefined },
  ])
})

test('all who wait hear of the end', async () => {
  const requests = new RequestStream(() => {})
  const asked = [requests.next(), requests.next()]
  const error = new RpcError(status.CANCELLED, 'CANCELLED')
  requests.fail(error)
  for (const one of [...asked, requests.next()]) await expect(one).rejects.toBe(error)
})

test('over the wire too', async () => {
  const served = await serve({
    async batchCreateUsers(requests) {
      const iterator = requests[Symbol.asyncIterator]()
      const results = await Promise.all([iterator.next(), iterator.next(), iterator.next()])
      return { createdCount: results.filter(({ done }) => !done).length }
    },
  })
  async function* two() {
    yield { user: { name: 'a' } }
    yield { user: { name: 'b' } }
  }
  expect((await served.client.batchCreateUsers(two())).createdCount).toBe(2)
  served.close()
})
