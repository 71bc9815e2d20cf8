import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { workspace } from '../services.ts'

// Run once while an image is built: leaves the compiled code of a service where its start will look for it
// (NODE_COMPILE_CACHE). The first program to load a file decides how much of it that is: so the one that runs most of the
// code comes first. Without an environment the service itself loads its modules, and then says what is missing.
const [service] = process.argv.slice(2)
const programs = [
  'tools/container/serve-once.ts',
  `services/${service}/src/main.ts`,
  `services/${service}/src/migrate.ts`,
  'tools/container/health.ts',
]
for (const program of programs) {
  const { error, stderr } = spawnSync(process.execPath, [join(workspace, program)], { encoding: 'utf8' })
  if (error) throw error
  console.log(`${program}: ${stderr.trim() || 'ran'}`)
}
