/**
 * Tells an iterator that nobody reads on, and does not wait: a generator that is waiting for what comes next can return
 * only behind it, which may be never.
 */
export const leave = async (iterator: AsyncIterator<unknown>): Promise<void> => {
  try {
    await iterator.return?.()
  } catch {
    // Nobody is left to tell.
  }
}
