import type * as grpc from '@grpc/grpc-js'
import { decodeResponse, encodeRequest } from '../codec.ts'
import { failureOf, wasCut } from './failure.ts'
import { admit, attend, type Invocation } from './invocation.ts'
import { receive } from './receive.ts'
import { send } from './send.ts'
import { mayRunTwice } from './service-config.ts'

// The four kinds of call. Each is made once its interceptors have let it pass; one that streams its responses is not even
// begun, its deadline not running and no token taken, before somebody asks for the first of them.

/**
 * One whose answer was cut is made again, once, if it may run twice: gRPC retries none whose answer has begun (gRFC A6),
 * and grpc-js none whose stream was reset, which is what becomes of a call when a server dies behind a proxy.
 */
export const unary = async (
  invocation: Invocation,
  request: object,
  repeats = mayRunTwice(invocation.method) ? 1 : 0,
): Promise<object> => {
  if (invocation.interceptors.length) await admit(invocation)
  const { channel, path, requestSerialize, responseDeserialize, metadata, options } = grpcCall(invocation)
  return new Promise((resolve, reject) => {
    let begun = false
    const answer: grpc.requestCallback<object> = (error, message) => {
      if (!error) resolve(message!)
      else if (repeats && wasCut(error, begun)) resolve(unary(invocation, request, repeats - 1))
      else reject(failureOf(error, invocation))
    }
    const call = channel.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      metadata,
      options,
      answer,
    )
    call.once('metadata', () => (begun = true))
    attend(call, invocation)
  })
}

export const serverStream = (begin: () => Invocation, request: object) =>
  receive(async () => {
    const invocation = begin()
    await admit(invocation)
    const { channel, path, requestSerialize, responseDeserialize, metadata, options } = grpcCall(invocation)
    const call = channel.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      metadata,
      options,
    )
    return { call: attend(call, invocation), invocation }
  })

export const clientStream = async (
  invocation: Invocation,
  requests: AsyncIterable<object>,
): Promise<object> => {
  await admit(invocation)
  const { channel, path, requestSerialize, responseDeserialize, metadata, options } = grpcCall(invocation)
  return new Promise((resolve, reject) => {
    const answer: grpc.requestCallback<object> = (error, message) =>
      error ? reject(failureOf(error, invocation)) : resolve(message!)
    const call = channel.makeClientStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      metadata,
      options,
      answer,
    )
    void send(attend(call, invocation), requests, reject)
  })
}

export const bidiStream = (begin: () => Invocation, requests: AsyncIterable<object>) =>
  receive(async (fail) => {
    const invocation = begin()
    await admit(invocation)
    const { channel, path, requestSerialize, responseDeserialize, metadata, options } = grpcCall(invocation)
    const call = channel.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata, options)
    void send(attend(call, invocation), requests, fail)
    return { call, invocation }
  })

/** The invocation as grpc-js wants to be given it. */
const grpcCall = ({ channel, method, metadata, deadline, options: { credentials } }: Invocation) => ({
  channel,
  path: method.path,
  requestSerialize: (request: object) => encodeRequest(method, request),
  responseDeserialize: (bytes: Buffer) => decodeResponse(method, bytes),
  metadata,
  options: { deadline, credentials } satisfies grpc.CallOptions,
})
