import { status } from '@grpc/grpc-js'
import type { AuthService } from '@quartet/proto/auth'
import { RpcError, type CallOptions, type Client, type ClientInterceptor } from '@quartet/rpc'
import { keepFresh } from './keep-fresh.ts'
import { readSecrets } from './secret-file.ts'

/** Milliseconds that signing in may take. */
const timeoutMs = 3_000
/** Milliseconds before its end in which a token is not used any more: the call takes a while to get there. */
const marginMs = 10_000

/**
 * Makes calls as a service, for work of its own: an interceptor for the clients that do it. It signs in at once, and again
 * in the background long before the token ends; a call that comes before there is a token waits for it, and is never sent
 * without. Calls made for somebody (`parent`), or with an authorization of their own, it leaves alone.
 *
 * While the service cannot sign in, calls fail with UNAVAILABLE: it is nothing that their own caller did.
 *
 * @param auth a client of the user service; whoever made it closes it.
 * @param options.secretFile is read for each sign-in, so that a new secret needs no restart.
 * @param options.onError hears of each time that it failed.
 */
export const serviceIdentity = (
  auth: Pick<Client<typeof AuthService, CallOptions>, 'issueServiceToken'>,
  options: {
    readonly name: string
    readonly secretFile: string
    readonly onError: (error: unknown) => void
  },
): ClientInterceptor & { close(): void } => {
  const kept = keepFresh({
    fetch: async () => {
      const [clientSecret] = await readSecrets(options.secretFile)
      const request = { clientId: options.name, clientSecret }
      const { accessToken, expiresIn } = await auth.issueServiceToken(request, {
        timeoutMs,
        waitForReady: false,
      })
      return { accessToken, expiresAt: performance.now() + Number(expiresIn?.seconds ?? 0) * 1000 }
    },
    refreshAfterMs: ({ expiresAt }) => ((expiresAt - performance.now()) * 2) / 3,
    onError: options.onError,
  })
  const ours = new WeakSet<object>()

  return {
    onCall(call) {
      if (call.parent || call.metadata.get('authorization').length) return
      ours.add(call)
      const send = ({ accessToken }: { accessToken: string }) =>
        call.metadata.set('authorization', `Bearer ${accessToken}`)
      if (kept.value && kept.value.expiresAt - marginMs > performance.now()) return send(kept.value)
      return kept.renewed().then(send, (cause: unknown) => {
        throw new RpcError(status.UNAVAILABLE, 'SERVICE_SIGN_IN_FAILED', {}, { cause })
      })
    },
    onEnd(call, { code }) {
      // The keys have changed at once, or the token's time was up.
      if (code === status.UNAUTHENTICATED && ours.has(call)) kept.renewed().catch(() => {})
    },
    close: () => kept.close(),
  }
}
