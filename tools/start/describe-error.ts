/**
 * An error as its user should read it: the message says what is wrong and what to do. The stack comes only with
 * the kinds that nobody throws on purpose, because then the fault is in the code.
 */
export const describeError = (error: unknown): string => {
  if (!Error.isError(error)) return String(error)
  return /^(Type|Reference|Syntax|Range)Error$/.test(error.name)
    ? (error.stack ?? error.message)
    : error.message
}
