import { untilAskedToStop } from '../ending.ts'

// Says when it is asked to stop, and stops when it is told to by SIGUSR2, or when its test must be long gone.
const samePress = Number(process.argv[2])
untilAskedToStop(process.env, samePress).addEventListener('abort', () => console.log('asked'))
process.on('SIGUSR2', () => process.exit(0))
setTimeout(() => process.exit(1), 60_000)
console.log(process.pid)
