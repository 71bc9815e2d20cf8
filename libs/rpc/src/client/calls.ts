import type * as grpc from '@grpc/grpc-js'
import { failureOf } from './failure.ts'
import { admit, attend, type Invocation } from './invocation.ts'
import { receive } from './receive.ts'
import { send } from './send.ts'

// The four kinds of call. Each is made once its interceptors have let it pass; one that streams its responses is not even
// begun, its deadline not running and no token taken, before somebody asks for the first of them.

export const unary = async (invocation: Invocation, request: object): Promise<object> => {
  if (invocation.interceptors.length) await admit(invocation)
  const { channel, path, requestSerialize, responseDeserialize, metadata, options } = grpcCall(invocation)
  return new Promise((resolve, reject) => {
    const answer = settle(invocation, resolve, reject)
    const call = channel.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      metadata,
      options,
      answer,
    )
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
    const answer = settle(invocation, resolve, reject)
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
  requestSerialize: method.codec.requestSerialize,
  responseDeserialize: method.codec.responseDeserialize,
  metadata,
  options: { deadline, credentials } satisfies grpc.CallOptions,
})

const settle =
  (
    invocation: Invocation,
    resolve: (message: object) => void,
    reject: (error: unknown) => void,
  ): grpc.requestCallback<object> =>
  (error, message) =>
    error ? reject(failureOf(error, invocation)) : resolve(message!)
