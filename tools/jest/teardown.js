import { rm } from 'node:fs/promises'

/** Ends what setup.js started. */
export default async () => {
  if (!globalThis.testPostgres) return
  const { postgres, folder } = globalThis.testPostgres
  await postgres.stop()
  for (const path of [postgres.dataDir, folder]) await rm(path, { recursive: true, force: true })
}
