import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'

/** The options that a command was given. Throws one line for one that it does not know, with what it does know. */
export const readOptions = <const Options extends ParseArgsOptionsConfig>(
  options: Options,
  usage: string,
) => {
  try {
    return parseArgs({ options }).values
  } catch (error) {
    // Node adds advice on positional arguments, which there are none of here.
    const [what] = (error as Error).message.split('. ')
    throw new Error(`${what}. Usage: ${usage}`, { cause: error })
  }
}
