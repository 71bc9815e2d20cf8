/** Sends a response. The promise, where there is one, waits for a peer that reads slower than this sends. */
export type Send<Response> = (response: Response) => Promise<void> | undefined

/**
 * The responses of a stream whose handler sends them as they come, in place of a generator that is asked for each. It is for
 * what goes to many streams at once (changes, messages of a room): docs/decisions/streams-that-push.md.
 */
export interface Pushed<Response> {
  /**
   * Sends them. The stream ends when this resolves, and fails with what it throws. It is to end when the signal of the call
   * aborts; what is sent after that throws.
   */
  readonly pushTo: (send: Send<Response>) => Promise<void>
}
