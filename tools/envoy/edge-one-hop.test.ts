import { status } from '@grpc/grpc-js'
import { AuthService } from '@quartet/proto/auth'
import { UserService } from '@quartet/proto/user'
import { createClient, createServer, implement, RpcError } from '@quartet/rpc'
import { describeWith } from '@quartet/testing'
import { pino } from 'pino'
import { callers, methodOf } from './testing-callers.ts'
import { envoy, startEnvoy, type RunningEnvoy } from './testing-envoy.ts'
import { signingKey } from './testing-tokens.ts'

const getUser = methodOf(UserService, 'GetUser')
const key = signingKey()

const serve = async (handlers: Parameters<typeof implement<typeof UserService>>[1]) => {
  const server = createServer({
    implementations: [
      implement(UserService, handlers),
      implement(AuthService, {
        getJwks: async () => key.jwks,
      }),
    ],
    access: {},
    readiness: async () => {},
    logger: pino({ level: 'silent' }),
  })
  return { server, port: await server.listen('127.0.0.1', 0) }
}

describeWith('Envoy', envoy !== undefined, () => {
  const attempts = { service: 0, dependency: 0 }
  const closing: (() => void)[] = []
  let edge: ReturnType<typeof callers>
  let running: RunningEnvoy

  beforeAll(async () => {
    const dependency = await serve({
      async getUser() {
        attempts.dependency++
        throw new RpcError(status.UNAVAILABLE, 'AWAY')
      },
    })
    const client = createClient(UserService, { target: `127.0.0.1:${dependency.port}` })
    const service = await serve({
      async getUser(request, context) {
        attempts.service++
        return client.getUser(request, { parent: context })
      },
    })
    running = await startEnvoy(service.port, {})
    edge = callers(running.target)
    closing.push(
      () => edge.close(),
      () => client.close(),
      () => service.server.close(),
      () => dependency.server.close(),
    )
  })
  afterAll(async () => {
    closing.forEach((close) => close())
    await running?.stop()
  })

  test('what a service has tried at another one is not tried again at the edge', async () => {
    const token = key.token()
    const userId = '0190f3a2-7c1e-7b8a-9d2f-3e4a5b6c7d8e'
    expect(await edge.grpc(getUser, { userId }, { token })).toMatchObject({ code: status.UNAVAILABLE })
    expect(attempts).toEqual({ service: 1, dependency: 4 })
    await expect(edge.web(getUser, { userId }, { token })).rejects.toMatchObject({ code: status.UNAVAILABLE })
    expect(await edge.http(`/v1/users/${userId}`, { token })).toMatchObject({
      status: 503,
      json: { code: status.UNAVAILABLE, details: [{ reason: 'DEPENDENCY_UNAVAILABLE' }] },
    })
    expect(attempts).toEqual({ service: 3, dependency: 12 })
  })
})
