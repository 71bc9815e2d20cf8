import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'

/**
 * A function that asks whoever is at the terminal, or reads the next line of whatever stands in for one. Questions go to
 * stderr. It throws one line when there is no answer.
 */
export const openPrompt = () => {
  let hidden = false
  const echo = new Writable({
    write(chunk, _encoding, done) {
      if (!hidden) process.stderr.write(chunk)
      done()
    },
  })
  const { isTTY } = process.stdin
  const lines = createInterface({ input: process.stdin, output: echo, terminal: isTTY })
  const answers = lines[Symbol.asyncIterator]()
  /** @param options.secret keeps the answer off the screen. */
  return async (question: string, { secret = false } = {}): Promise<string> => {
    if (isTTY) process.stderr.write(`${question}: `)
    hidden = secret
    const { value, done } = await answers.next()
    if (isTTY && secret) process.stderr.write('\n')
    hidden = false
    if (done || !value.trim()) throw new Error(`${question} is missing`)
    return value.trim()
  }
}
