import { status } from '@grpc/grpc-js'
import { People, type Method } from '@quartet/proto/contract'
import { roles, type Role } from '@quartet/rpc'
import type { Example } from '@quartet/testing'

/** Whom a call is made as. */
export type Who =
  | { readonly kind: 'nobody' }
  | { readonly kind: 'bad token'; readonly name: string }
  | { readonly kind: 'service'; readonly name: string }
  | { readonly kind: 'person'; readonly name: Role }
  | { readonly kind: 'owner'; readonly name: 'owner' }

const letIn = [status.OK]

/**
 * How a call of a method must end, by the contract alone and, where that leaves it to the handler, by the example.
 * @param atEdge through Envoy, where some things are refused in other words.
 */
export const expected = (method: Method, example: Example, who: Who, atEdge: boolean): status[] => {
  const { people, services } = method.policy!
  // What no person may call has no route at the edge.
  const denied = [
    status.PERMISSION_DENIED,
    ...(atEdge && people === People.NOBODY ? [status.UNIMPLEMENTED] : []),
  ]
  switch (who.kind) {
    case 'bad token':
      return [
        status.UNAUTHENTICATED,
        // Envoy's word for a token that is meant for somebody else.
        ...(atEdge && who.name === 'for another audience' ? [status.PERMISSION_DENIED] : []),
      ]
    case 'nobody':
      return people === People.EVERYBODY ? letIn : [status.UNAUTHENTICATED]
    case 'service':
      return people === People.EVERYBODY || services.includes(who.name) ? letIn : denied
    case 'owner':
      return letIn
    case 'person': {
      if (!reaches(who.name, leastRole[people])) return denied
      const { owned } = example
      if (!owned || reaches(who.name, owned.orRole)) return letIn
      return [owned.otherwise ?? status.NOT_FOUND]
    }
  }
}

const leastRole: Partial<Record<People, Role>> = {
  [People.EVERYBODY]: 'VIEWER',
  [People.SIGNED_IN]: 'VIEWER',
  [People.EDITOR]: 'EDITOR',
  [People.ADMIN]: 'ADMIN',
}

const reaches = (role: Role, least: Role | undefined) =>
  least !== undefined && roles.indexOf(role) >= roles.indexOf(least)
