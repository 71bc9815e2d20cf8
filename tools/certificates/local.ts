import { join } from 'node:path'
import type { Provided } from '@quartet/certificates'
import type { Service } from '../services.ts'

/** Below a data folder: a folder for the local authority, for each service and for Envoy. */
export const localFolder = (directory: string) => join(directory, 'certs')

/**
 * The certificates of a suite on this machine, made or kept as `provideCertificates` does it. Each service is known by
 * its name, as in Compose and in Kubernetes, and as localhost.
 */
export const localCertificates = async (options: {
  readonly folder: string
  readonly services: readonly Service[]
  readonly days?: number | undefined
  readonly renew?: boolean | undefined
}): Promise<Provided[]> => {
  // Loaded only now: most starts do without, and it takes its time.
  const { provideCertificates } = await import('@quartet/certificates')
  return provideCertificates({
    directory: options.folder,
    wanted: [...options.services.map(({ name }) => name), 'envoy'].map((name) => ({
      name,
      alsoKnownAs: ['localhost', '127.0.0.1'],
    })),
    days: options.days,
    renew: options.renew,
  })
}
