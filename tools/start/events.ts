import type { Death } from './supervisor.ts'

/** What happens to a suite, told as it happens. */
export type SuiteEvent =
  /** A part of the start begins. */
  | { readonly type: 'begins'; readonly name: string }
  /** It is done; `detail` is where it listens, or what it is. */
  | { readonly type: 'ready'; readonly name: string; readonly detail: string; readonly milliseconds: number }
  /** It could not be done; whoever asked for it is told why. */
  | { readonly type: 'failed'; readonly name: string }
  /** Something that its user should know and need not act upon. */
  | { readonly type: 'note'; readonly text: string }
  /** A process ended by itself, or could not be brought back. */
  | ({ readonly type: 'died'; readonly name: string } & Death)
  | { readonly type: 'returned'; readonly name: string }
  | { readonly type: 'stopped'; readonly name: string; readonly milliseconds: number }
  /** A line that a process logged. */
  | { readonly type: 'line'; readonly name: string; readonly text: string }

export type Listener = (event: SuiteEvent) => void

/** Does a part of the start, and tells when it begins and how long it took. `detail` says what or where it is. */
export const step = async <T>(
  onEvent: Listener,
  name: string,
  detail: string,
  work: () => Promise<T>,
): Promise<T> => {
  onEvent({ type: 'begins', name })
  const began = performance.now()
  try {
    const result = await work()
    onEvent({ type: 'ready', name, detail, milliseconds: performance.now() - began })
    return result
  } catch (error) {
    onEvent({ type: 'failed', name })
    throw error
  }
}
