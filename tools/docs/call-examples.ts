import { allServices } from '@quartet/proto/all'
import { People, type Method } from '@quartet/proto/contract'
import { exampleOf } from '../examples/examples.ts'
import { jsonOf, jsonRequest } from '../examples/json-request.ts'

/** A call of each RPC that people may make, from its example: with curl where JSON can say it, else with grpcurl. */
export const callExamples = (): string =>
  allServices
    .flatMap(({ name, methods }) => {
      const calls = methods.filter(({ policy }) => policy!.people !== People.NOBODY).map(call)
      return calls.length ? [`## ${name}\n\n\`\`\`sh\n${calls.join('\n\n')}\n\`\`\``] : []
    })
    .join('\n\n')

const edge = '127.0.0.1:8080'

const call = (method: Method): string => {
  const requests = [exampleOf(method).request].flat() as object[]
  const authorization =
    method.policy!.people === People.EVERYBODY ? [] : ['-H "authorization: Bearer $TOKEN"']
  const lines = curl(method, requests, authorization) ?? grpcurl(method, requests, authorization)
  return [`# ${method.name}`, ...lines].join('\n')
}

const curl = (method: Method, requests: object[], authorization: string[]): string[] | undefined => {
  const request = jsonRequest(method, requests)
  if (!request) return undefined
  const { method: verb, path, contentType, body } = request
  // What is in braces is for the reader to fill in, and stays readable.
  const url = `'http://${edge}${path.replaceAll('%7B', '{').replaceAll('%7D', '}')}'`
  const words = ['curl', ...(verb === (body === undefined ? 'GET' : 'POST') ? [] : [`-X ${verb}`])]
  const typed = contentType === 'application/json' ? [] : [`-H content-type:${contentType}`]
  return wrapped([
    [...words, ...authorization, ...typed, url].join(' '),
    ...(body === undefined ? [] : [`${typed.length ? '--data-binary' : '-d'} ${quoted(shown(body))}`]),
  ])
}

const grpcurl = (method: Method, requests: object[], authorization: string[]): string[] =>
  wrapped([
    ['grpcurl -plaintext', ...authorization].join(' '),
    `-d ${quoted(requests.map((one) => spaced(jsonOf(method, one))).join('\n      '))}`,
    `${edge} ${method.path.slice(1)}`,
  ])

const wrapped = (lines: string[]) =>
  lines.map((line, i) => `${i > 0 ? '  ' : ''}${line}${i < lines.length - 1 ? ' \\' : ''}`)

const shown = (body: string | Buffer): string =>
  typeof body === 'string' ? spaced(JSON.parse(body)) : body.toString().trimEnd()

/** JSON on one line, with room to breathe. */
const spaced = (value: unknown): string => JSON.stringify(value, null, 1).replaceAll(/\n\s*/g, ' ')

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`
