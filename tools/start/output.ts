import { styleText } from 'node:util'

/** Where a start writes: a terminal, a pipe or a file. Colours and the progress line are for a terminal only. */
export interface Output {
  readonly line: (text?: string) => void
  /** Shows what is under way below everything else, until it is told something else; '' for nothing. */
  readonly progress: (text: string) => void
  readonly paint: (style: Style, text: string) => string
}

type Style = Parameters<typeof styleText>[0]

const wipe = '\r\u001B[K'

export const createOutput = (stream: NodeJS.WriteStream): Output => {
  const paint = (style: Style, text: string) => styleText(style, text, { stream })
  // A terminal that was closed, or a reader that has gone, must not end what goes on without them.
  stream.on('error', () => {})
  let shown = ''
  const show = () => {
    // A line that wraps could not be wiped.
    if (shown) stream.write(paint('dim', shown.slice(0, (stream.columns || 80) - 1)))
  }
  return {
    paint,
    line(text = '') {
      stream.write(`${shown && wipe}${text}\n`)
      show()
    },
    progress(text) {
      if (!stream.isTTY) return
      if (shown) stream.write(wipe)
      shown = text
      show()
    },
  }
}
