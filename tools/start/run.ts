import { startChild, type Program } from './child.ts'

/** Runs a program until it ends. The signal stops it and is what this then throws. */
export const runToEnd = async (
  program: Program,
  signal: AbortSignal,
): Promise<{ succeeded: boolean; lastLines: string[] }> => {
  signal.throwIfAborted()
  const child = await startChild(program)
  const stop = () => void child.stop()
  signal.addEventListener('abort', stop, { once: true })
  const { code } = await child.exited
  signal.removeEventListener('abort', stop)
  signal.throwIfAborted()
  return { succeeded: code === 0, lastLines: child.lastLines() }
}
