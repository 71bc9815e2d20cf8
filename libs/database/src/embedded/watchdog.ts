import { spawn } from 'node:child_process'
import type { Socket } from 'node:net'

/**
 * Sends `signal` to the process `pid` when this process ends, however it ends: an exit hook sees neither `kill -9` nor
 * the kernel's out-of-memory killer, but a pipe does. A shell waits for the end of a pipe whose other end only this
 * process holds (it is closed on exec, so no child inherits it), and then sends the signal.
 *
 * Returns the function that calls the watchdog off. Call it when the process has exited, because the system gives its
 * pid to another one some day. Needs a POSIX shell, so not for Windows.
 */
export const watchdog = (pid: number, signal: NodeJS.Signals): (() => void) => {
  const shell = spawn(
    '/bin/sh',
    ['-c', 'read -r never; kill -s "$1" "$2"', 'watchdog', signal.slice(3), `${pid}`],
    {
      // A session of its own: Ctrl-C and a kill of the process group leave it standing.
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      cwd: '/',
    },
  )
  // It must not keep the process running that it waits for.
  shell.unref()
  const pipe = shell.stdin as Socket
  pipe.unref()
  pipe.on('error', () => {})
  return () => shell.kill('SIGKILL')
}
