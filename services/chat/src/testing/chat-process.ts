import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort } from '@quartet/testing'

/** The chat service as a process of its own, that a test can kill. Ready when this resolves. */
export const chatProcess = async (environment: Record<string, string>) => {
  const port = await freePort()
  const child = spawn(process.execPath, [join(import.meta.dirname, '../main.ts')], {
    env: { ...process.env, PORT: `${port}`, DRAIN_ACCEPT_MS: '0', DRAIN_GRACE_MS: '0', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  const logs: Record<string, unknown>[] = []
  await new Promise<void>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      const entry = JSON.parse(line) as Record<string, unknown>
      logs.push(entry)
      if (entry['msg'] === 'listening') resolve()
    })
    void ended.then(() => reject(new Error('the chat service ended before it was ready')))
  })
  return {
    target: `127.0.0.1:${port}`,
    logs,
    /** Ends it as `kill -9` does. */
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
    /** Has it stop in order. */
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}
