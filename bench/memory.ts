import { readdirSync, readFileSync } from 'node:fs'

/**
 * What a process and all its descendants hold in memory, by name: resident megabytes that are its own, as Linux
 * counts them (RssAnon; pages of files and of PostgreSQL's shared buffers are shared by many and counted in none).
 */
export const residentMemory = (root: number): { name: string; megabytes: number }[] => {
  const processes = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap(read)
  const family = new Set([root])
  for (let grown = true; grown;) {
    grown = false
    for (const { pid, parent } of processes)
      if (family.has(parent) && !family.has(pid)) grown = Boolean(family.add(pid))
  }
  const byName = new Map<string, number>()
  for (const { pid, name, kilobytes } of processes)
    if (family.has(pid)) byName.set(name, (byName.get(name) ?? 0) + kilobytes)
  return [...byName]
    .map(([name, kilobytes]) => ({ name, megabytes: Math.round(kilobytes / 1024) }))
    .toSorted((a, b) => b.megabytes - a.megabytes)
}

const read = (entry: string): { pid: number; parent: number; name: string; kilobytes: number }[] => {
  try {
    const status = readFileSync(`/proc/${entry}/status`, 'utf8')
    const field = (name: string) => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(status)?.[1] ?? '0'
    const command = readFileSync(`/proc/${entry}/cmdline`, 'utf8').replaceAll('\0', ' ')
    return [
      {
        pid: Number(entry),
        parent: Number(field('PPid')),
        name: nameOf(command, field('Name')),
        kilobytes: Number(field('RssAnon')),
      },
    ]
  } catch {
    return [] // it ended between the two looks
  }
}

const nameOf = (command: string, executable: string): string => {
  const [, service] = /services\/(\w+)\/src\/main\.ts/.exec(command) ?? []
  if (service) return `${service} service`
  if (command.includes('start/main.ts')) return 'npm start'
  return executable
}
