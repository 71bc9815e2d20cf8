import type { Service } from '@quartet/proto/contract'
import type { AnyHandler, Handlers } from './handlers.ts'

/** A service of the contract with the handlers it has here; made by {@link implement}. */
export interface Implementation {
  readonly service: Service
  readonly handlers: Partial<Record<string, AnyHandler>>
}

/** Pairs a service with its handlers. A method without one answers UNIMPLEMENTED, to those who may call it. */
export const implement = <S extends Service>(service: S, handlers: Partial<Handlers<S>>): Implementation => ({
  service,
  handlers: handlers as Partial<Record<string, AnyHandler>>,
})
