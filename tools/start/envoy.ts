import { join } from 'node:path'
import { findEnvoy } from '../envoy/find.ts'
import { workspace } from '../services.ts'
import type { Listener } from './events.ts'

/** An Envoy that runs here, or one sentence on why there is none and how to get it. */
export type FoundEnvoy = { readonly path: string; readonly version: string } | { readonly missing: string }

/**
 * Finds an Envoy or fetches one. A download is kept in the workspace, whatever folder the data is in, so that it
 * happens once. Throws one line when ENVOY_BIN names something that is none.
 */
export const locateEnvoy = (onEvent: Listener): Promise<FoundEnvoy> =>
  findEnvoy({
    directory: join(workspace, '.quartet', 'bin'),
    onProgress: (text) => onEvent({ type: 'note', text }),
  })
