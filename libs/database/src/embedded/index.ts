export { dataLocation, removeData } from './place.ts'
export { startPostgres, type Postgres, type StartOptions } from './start.ts'
export { watchdog } from './watchdog.ts'
