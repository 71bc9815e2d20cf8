/**
 * Waits for all tasks. When one fails the others are given up by the controller, waited for, and its error is
 * thrown: nothing is still under way when the caller begins to clean up.
 */
export const together = async <const T extends readonly unknown[]>(
  giveUp: AbortController,
  tasks: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> => {
  await Promise.all(tasks.map((task) => Promise.resolve(task).catch((error: unknown) => giveUp.abort(error))))
  giveUp.signal.throwIfAborted()
  return await Promise.all(tasks)
}
