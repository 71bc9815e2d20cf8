import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { services, workspace } from '../services.ts'
import { localCertificates, localFolder } from './local.ts'

const usage = `Usage: npm run certs [-- options]    a local authority, and a certificate for each service and for Envoy

  --days N          how long a new certificate is valid, at most 825 days (90)
  --renew           issues all of them again; otherwise those that are good are kept
  --directory DIR   where to (.quartet/certs)
  --help            shows this`

const main = async () => {
  const { values } = parseArgs({
    options: {
      days: { type: 'string' },
      renew: { type: 'boolean' },
      directory: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) return console.log(usage)
  const folder = resolve(values.directory ?? localFolder(join(workspace, '.quartet')))
  const days = values.days === undefined ? undefined : readDays(values.days)
  for (const { name, issued, notAfter } of await localCertificates({
    folder,
    services: services(),
    days,
    renew: values.renew,
  }))
    console.log(`${join(folder, name)}  ${issued ? 'issued' : 'kept'}, until ${notAfter.toISOString()}`)
}

const readDays = (text: string): number => {
  const days = Number(text)
  if (!(days > 0 && days <= 825))
    throw new Error(`--days is "${text}": it must be a number above 0, 825 at most.`)
  return days
}

await main().catch((error: unknown) => {
  console.error((error as Error).message)
  process.exitCode = 1
})
