export { bool, commonSchema, integer, loadConfig, str, type Schema } from './config.ts'
export { createLogger } from './logger.ts'
export { run, type Lifecycle } from './run.ts'
