type Task = { task: 'cpu' } | { task: 'work'; amount: number }

/**
 * Tells the process that measures that this one serves, then answers it. When that process goes, this one ends; by
 * itself, because only then Node keeps what it compiled and writes a profile that was asked for.
 */
export const serving = (port: number, work: (amount: number) => unknown = () => {}): void => {
  const answer = () => {
    const { user, system } = process.cpuUsage()
    process.send!(user + system)
  }
  process.on('message', (message: Task) => {
    if (message.task === 'cpu') answer()
    else void Promise.resolve(work(message.amount)).then(answer)
  })
  process.once('disconnect', () => process.exit(0))
  process.send!(port)
}
