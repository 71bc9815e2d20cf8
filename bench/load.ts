import { Client, credentials, Metadata, type ClientWritableStream } from '@grpc/grpc-js'
import { once } from 'node:events'
import { token } from './identity.ts'

/** Messages travel as bytes: the process that measures should not be what is waited for. */
const bytes = (message: Buffer) => message

const metadata = () => {
  const all = new Metadata({ waitForReady: true })
  all.set('authorization', `Bearer ${token}`)
  return all
}

/** A connection of its own to a server on this machine, with the settings that grpc-js comes with. */
export const connect = (port: number): Client =>
  new Client(`127.0.0.1:${port}`, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 })

export const unary = (client: Client, path: string, request: Buffer): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, bytes, bytes, request, metadata(), (error, answer) =>
      error ? reject(error) : resolve(answer!),
    )
  })

/** Calls `count` times with one request after the other, `inFlight` of them at any time. */
export const unaryMany = async (
  client: Client,
  path: string,
  requests: readonly Buffer[],
  { count, inFlight }: { count: number; inFlight: number },
): Promise<void> => {
  let left = count
  const caller = async () => {
    while (left-- > 0) await unary(client, path, requests[left % requests.length]!)
  }
  await Promise.all(Array.from({ length: inFlight }, caller))
}

/** Opens a stream of responses; `onMessage` sees each, the promise waits for the end. */
export const read = (
  client: Client,
  path: string,
  request: Buffer,
  onMessage: (message: Buffer) => void,
): Promise<void> =>
  new Promise((resolve, reject) => {
    client
      .makeServerStreamRequest(path, bytes, bytes, request, metadata())
      .on('data', onMessage)
      .on('error', reject)
      .on('end', resolve)
  })

/** Sends a stream of requests, no faster than they are taken, and returns the answer. */
export const write = async (client: Client, path: string, requests: Iterable<Buffer>): Promise<Buffer> => {
  let call: ClientWritableStream<Buffer>
  const answer = new Promise<Buffer>((resolve, reject) => {
    call = client.makeClientStreamRequest(path, bytes, bytes, metadata(), (error, answer) =>
      error ? reject(error) : resolve(answer!),
    )
  })
  for (const request of requests) if (!call!.write(request)) await once(call!, 'drain')
  call!.end()
  return answer
}
