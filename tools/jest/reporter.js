import { writeSync } from 'node:fs'

/**
 * Ends the output with what a machine lacks ("Not tested, because this machine lacks Envoy: 12 tests") and, as the very
 * last line, the count: "N passed, N failed", and ", N skipped" when there are any. A file that cannot be run counts
 * as one that failed.
 */
export default class {
  onRunComplete(_contexts, results) {
    // Jest's own summary comes after all reporters, and through a buffer.
    process.once('exit', () => writeSync(1, `\n${summary(results)}\n`))
  }
}

export const summary = (results) => {
  const tests = results.testResults.flatMap((file) => file.testResults)
  const skipped = results.numPendingTests + results.numTodoTests
  return [
    ...Object.entries(Object.groupBy(tests, missingPart))
      .filter(([part]) => part)
      .map(
        ([part, { length }]) => `Not tested, because this machine lacks ${part}: ${count(length, 'test')}`,
      ),
    [
      `${results.numPassedTests} passed`,
      `${results.numFailedTests + results.numRuntimeErrorTestSuites} failed`,
      ...(skipped ? [`${skipped} skipped`] : []),
    ].join(', '),
  ].join('\n')
}

/** `describeWith` of @quartet/testing names what it skips "[needs Envoy]". */
const missingPart = ({ status, ancestorTitles }) =>
  status === 'pending' ? (/^\[needs (.+)\]$/.exec(ancestorTitles[0] ?? '')?.[1] ?? '') : ''

const count = (number, noun) => `${number} ${noun}${number === 1 ? '' : 's'}`
