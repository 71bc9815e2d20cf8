/** Ordered: each role may do what those before it may. */
export const roles = ['VIEWER', 'EDITOR', 'ADMIN'] as const
export type Role = (typeof roles)[number]

/** Who a call is made for, as its token says. libs/auth reads it; the kit only carries it. */
export type Caller =
  | { readonly kind: 'anonymous' }
  | {
      readonly kind: 'person'
      /** The user's id. */
      readonly id: string
      readonly role: Role
      /** The family of refresh tokens that the access token came from. */
      readonly sessionId: string
      /** When the token ends, in milliseconds since 1970. */
      readonly expiresAt: number
    }
  | {
      readonly kind: 'service'
      /** The service's name: "order". */
      readonly id: string
      readonly expiresAt: number
    }

export const anonymous: Caller = { kind: 'anonymous' }
