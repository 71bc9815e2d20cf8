import type { Listener, SuiteEvent } from './events.ts'
import { lineFormatter } from './log-lines.ts'
import type { Output } from './output.ts'

/** Prints what happens, as it happens, and every line that the processes named in `logs` write. */
export const showEvents = (output: Output, { logs }: { logs: readonly string[] }): Listener => {
  const { line, paint } = output
  const format = lineFormatter(paint)
  const underWay = new Set<string>()
  const row = (name: string, text: string, milliseconds: number) =>
    line(`  ${name.padEnd(10)}${text.padEnd(24)}${seconds(milliseconds).padStart(8)}`)
  const progress = () => output.progress(underWay.size > 0 ? `  … ${[...underWay].join(', ')}` : '')

  return (event) => {
    switch (event.type) {
      case 'begins':
        underWay.add(event.name)
        return progress()
      case 'ready':
        underWay.delete(event.name)
        progress()
        return row(event.name, event.detail, event.milliseconds)
      case 'failed':
        underWay.delete(event.name)
        return progress()
      case 'note':
        return line(`  ${event.text}`)
      case 'died':
        line(paint('red', `  ${describe(event)}`))
        line(`  It is started again in ${seconds(event.pause)}.`)
        // Whoever sees all lines has seen these.
        if (!logs.includes(event.name))
          for (const text of event.lastLines.slice(-5)) line(format(event.name, text))
        return
      case 'returned':
        return line(paint('green', `  ${event.name} is ready again.`))
      case 'stopped':
        return row(event.name, 'stopped', event.milliseconds)
      case 'line':
        if (logs.includes(event.name)) line(format(event.name, event.text))
    }
  }
}

const describe = ({ name, reason }: Extract<SuiteEvent, { type: 'died' }>) => {
  if (Error.isError(reason)) return reason.message
  return reason.signal
    ? `${name} was ended by ${reason.signal}.`
    : `${name} ended with exit code ${reason.code}.`
}

const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(2)} s`
