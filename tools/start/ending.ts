const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Aborts when this process is to end: on Ctrl-C, SIGTERM, when its terminal closes, or when the npm that runs it
 * was killed. A second Ctrl-C ends the process at once, and the watchdogs end its children; what comes within
 * `samePress` milliseconds of the first is the same one, since npm passes on what the terminal has sent here too.
 */
export const untilAskedToStop = (environment: NodeJS.ProcessEnv, samePress = 500): AbortSignal => {
  const asked = new AbortController()
  let first = 0
  for (const signal of signals) {
    process.on(signal, () => {
      first ||= performance.now()
      if (asked.signal.aborted && performance.now() - first > samePress) process.exit(130)
      asked.abort()
    })
  }
  if (environment['npm_lifecycle_event']) whenParentIsGone(() => asked.abort())
  return asked.signal
}

/** Nothing tells a process that its parent was killed, but the system gives it another parent then. */
const whenParentIsGone = (then: () => void) => {
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    then()
  }, 1_000)
  timer.unref()
}
