import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { removeData } from '@quartet/database/embedded'
import { findInstalledEnvoy } from '@quartet/tools/envoy'
import { services, workspace } from '@quartet/tools/services'
import { startSuite, type SuiteOptions } from '@quartet/tools/suite'

const { envoy } = await findInstalledEnvoy(join(workspace, '.quartet/bin'))

/** Whether this machine has an Envoy: `describeWith('Envoy', hasEnvoy, …)`. */
export const hasEnvoy = envoy !== undefined

/** The whole suite as `npm start` runs it, in a folder of its own and on free ports. */
export const start = async (
  options: Partial<Pick<SuiteOptions, 'durable' | 'demoData' | 'environment' | 'variables' | 'mtls'>> = {},
) => {
  const directory = mkdtempSync(join(tmpdir(), 'quartet-e2e-'))
  const suite = await startSuite({
    directory,
    services: services(),
    environment: process.env,
    edge: 0,
    envoy: envoy ?? { missing: 'no Envoy' },
    durable: false,
    ...options,
  })
  return {
    ...suite,
    edge: suite.endpoints['edge']!,
    directory,
    /** The password of the demo account with this role. */
    account: (role: string) => suite.accounts.find((account) => account.role === role)!,
    /** Ends the processes, and leaves what they wrote. */
    halt: suite.stop,
    async stop() {
      await suite.stop()
      removeData(join(directory, 'postgres'))
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
