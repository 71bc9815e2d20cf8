import { spawnSync } from 'node:child_process'

// Run while an image is built: runs each of the files given, and so leaves their compiled code where a start will look for
// it (NODE_COMPILE_CACHE). The first program to load a file decides how much of it that is: so the one that runs most of
// the code comes first. A service without an environment loads its modules, and then says what is missing.
for (const program of process.argv.slice(2)) {
  const { error, stderr } = spawnSync(process.execPath, [program], { encoding: 'utf8' })
  if (error) throw error
  console.log(`${program}: ${stderr.trim() || 'ran'}`)
}
