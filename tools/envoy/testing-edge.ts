import { allServices } from '@quartet/proto/all'
import { Health, ServerReflection } from '@quartet/proto/grpc'
import { describeWith } from '@quartet/testing'
import { startBackend, type Backend } from './testing-backend.ts'
import { callers } from './testing-callers.ts'
import { envoy, startEnvoy, type Changes, type RunningEnvoy } from './testing-envoy.ts'
import { signingKey } from './testing-tokens.ts'

/** A whole edge: a backend, an Envoy before it, callers of both, and the key that signs their tokens. */
export interface Edge extends ReturnType<typeof callers>, ReturnType<typeof signingKey> {
  readonly backend: Backend
  readonly envoy: RunningEnvoy
}

/** `describe` for tests of a real Envoy: starts one before them, as `changes` have it, and stops it after them. */
export const describeEdge = (tests: (edge: Edge) => void, changes: Changes = {}): void =>
  describeWith('Envoy', envoy !== undefined, () => {
    const edge = {} as { -readonly [K in keyof Edge]: Edge[K] }
    beforeAll(async () => {
      Object.assign(edge, signingKey())
      edge.backend = await startBackend([...allServices, Health, ServerReflection])
      edge.backend.answer('GetJwks', () => edge.jwks)
      edge.envoy = await startEnvoy(edge.backend.port, changes)
      Object.assign(edge, callers(edge.envoy.target))
    })
    afterAll(async () => {
      edge.close?.()
      await edge.envoy?.stop()
      edge.backend?.stop()
    })
    tests(edge)
  })
