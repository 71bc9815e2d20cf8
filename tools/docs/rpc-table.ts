import { allServices } from '@quartet/proto/all'
import { People, type Method } from '@quartet/proto/contract'
import { jsonPaths } from '../envoy/json-paths.ts'

const kinds = {
  unary: '',
  server_streaming: 'server stream',
  client_streaming: 'client stream',
  bidi_streaming: 'bidi',
} as const

const people: Record<People, string> = {
  [People.UNSPECIFIED]: '',
  [People.NOBODY]: '',
  [People.EVERYBODY]: 'everybody',
  [People.SIGNED_IN]: 'signed in',
  [People.EDITOR]: 'editors',
  [People.ADMIN]: 'administrators',
}

/** The contract as a table in Markdown: every RPC, its kind, its JSON path, and whom it lets in. */
export const rpcTable = (): string =>
  [
    '| RPC | kind | JSON | who |',
    '|---|---|---|---|',
    ...allServices.flatMap(({ name, methods }) => [
      `| **${name}** | | | |`,
      ...methods.map(
        (method) => `| ${method.name} | ${kinds[method.kind]} | ${json(method)} | ${who(method)} |`,
      ),
    ]),
  ].join('\n')

const json = (method: Method) =>
  jsonPaths(method)
    .map(({ verb, template }) => `\`${verb} ${template}\``)
    .join(', ')

const who = ({ policy }: Method) =>
  [people[policy!.people], services(policy!.services)].filter(Boolean).join('; ')

const services = (names: string[]) =>
  names.length ? `service${names.length > 1 ? 's' : ''} ${names.join(', ')}` : ''
