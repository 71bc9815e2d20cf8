// Plain JavaScript that old versions of Node understand too: says in one line what is wrong, or runs the tool.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 24 || (major === 24 && minor < 16)) {
  console.error(
    `Quartet needs Node 24.16 or newer; this is ${process.version} (${process.execPath}). Install it from https://nodejs.org or with "nvm install 24".`,
  )
  process.exit(1)
}
const [, , tool, ...rest] = process.argv
process.argv = [process.argv[0], new URL(tool, import.meta.url).pathname, ...rest]
await import(new URL(tool, import.meta.url).href)
