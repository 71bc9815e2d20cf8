import { join } from 'node:path'
import type { SuiteOptions } from '../suite-options.ts'

/** A service for tests of the start: quick to start, always ready, without a database or a contract. */
export const fakeService = (name: string): SuiteOptions['services'][number] => ({
  name,
  folder: join(import.meta.dirname, 'service'),
  port: 0,
  serves: [],
  nodeOptions: [],
})
