import { prettyFactory } from 'pino-pretty'
import type { Output } from './output.ts'

/** Makes a line that a process logged readable: what Pino wrote becomes text. The name stands before it. */
export const lineFormatter = (paint: Output['paint']): ((name: string, line: string) => string) => {
  const pretty = prettyFactory({
    colorize: paint('red', '') !== '',
    ignore: 'service,hostname,pid',
    singleLine: true,
    translateTime: 'SYS:HH:MM:ss.l',
  })
  const isEntry = /^\{"level":/
  return (name, line) => {
    const text = isEntry.test(line) ? pretty(line).trimEnd() : line
    return text.replaceAll(/^/gm, `  ${paint('cyan', name.padEnd(9))}${paint('dim', '| ')}`)
  }
}
