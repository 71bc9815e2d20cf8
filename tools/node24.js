// Plain JavaScript that old versions of Node understand too: says in one line what is wrong, or runs the tool.
// `npm start` puts `exec` before it, so that npm's own process is its parent: it stops when npm is killed.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 24 || (major === 24 && minor < 16)) {
  console.error(
    `Quartet needs Node 24.16 or newer; this is ${process.version} (${process.execPath}). Install it from https://nodejs.org or with "nvm install 24".`,
  )
  process.exit(1)
}
const { enableCompileCache } = await import('node:module')
// The second start reads compiled code in place of the sources: a third of the time, two thirds of the memory.
enableCompileCache(new URL('../.quartet/compile-cache', import.meta.url).pathname)

const [node, , tool, ...rest] = process.argv
process.argv = [node, new URL(tool, import.meta.url).pathname, ...rest]
await import(new URL(tool, import.meta.url).href)
