import { kubectl } from './cluster.ts'

/**
 * Runs a function in a container of a service's pods, and returns what it resolves to. It takes along nothing of what is
 * around it here.
 */
export const inside = async <Argument, Result>(
  service: string,
  run: (argument: Argument) => Promise<Result>,
  argument: Argument,
): Promise<Result> =>
  JSON.parse(
    await kubectl('exec', `deployment/${service}`, '-c', 'service', '--', ...program(run, argument)),
  ) as Result

/** The command that runs it where there is Node, and prints what it resolves to as JSON. */
export const program = <Argument>(run: (argument: Argument) => Promise<unknown>, argument: Argument) => [
  '/nodejs/bin/node',
  '-e',
  `(${run.toString()})(${JSON.stringify(argument)}).then((result) =>
    process.stdout.write(JSON.stringify(result), () => process.exit()))`,
]
