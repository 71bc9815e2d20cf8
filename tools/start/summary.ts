import { join } from 'node:path'
import { certificateFiles } from '@quartet/certificates/files'
import type { Output } from './output.ts'
import type { Suite } from './suite.ts'

/** What a newcomer needs once everything runs: where it is, who to be, what to try, how to stop. */
export const showSummary = (
  { line, paint }: Output,
  { endpoints, accounts, missing, certificates }: Suite,
  { directory, milliseconds }: { directory: string; milliseconds: number },
): void => {
  const bold = (text: string) => paint('bold', text)
  const after = `after ${(milliseconds / 1000).toFixed(1)} s`
  line()
  if (endpoints['edge']) {
    line(`Ready ${after} at ${bold(`http://${endpoints['edge']}`)}: gRPC, gRPC-Web and JSON on one port`)
  } else {
    line(
      `Ready ${after}, but only for gRPC, on a port per service: gRPC-Web, JSON and the one port need the edge.`,
    )
    line(paint('yellow', missing!))
  }
  line()
  line(bold('Accounts'))
  for (const { email, password } of accounts) line(`  ${email.padEnd(22)}${password}`)
  line()
  line(bold('Try'))
  for (const [about, command] of commands(endpoints, accounts[0]!, certificates)) {
    line(paint('dim', `  # ${about}`))
    line(`  ${command}`)
  }
  line()
  if (certificates) line(`TLS between Envoy and the services and among them: ${certificates}`)
  line(`Logs: ${directory}/logs. Ctrl-C stops everything and keeps the data.`)
  line()
}

const commands = (
  { edge, user }: Suite['endpoints'],
  { email, password }: Suite['accounts'][number],
  certificates: string | undefined,
): [about: string, command: string][] => {
  const signIn = `'${JSON.stringify({ email, password })}'`
  const grpcurl = `grpcurl ${!edge && certificates ? withCertificate(certificates) : '-plaintext'}`
  const grpc = edge ?? user
  const list: [string, string] = ['gRPC: what there is to call', `${grpcurl} ${grpc} list`]
  if (!edge) {
    return [
      list,
      ['sign in', `${grpcurl} -d ${signIn} ${grpc} quartet.auth.v1.AuthService/SignIn`],
      ['is it well?', `${grpcurl} -d '{"service":"readiness"}' ${grpc} grpc.health.v1.Health/Check`],
    ]
  }
  // An empty message in gRPC-Web is five zeros: no flags, length 0.
  const emptyCall = `printf '\\0\\0\\0\\0\\0' | curl -s --data-binary @- -H content-type:application/grpc-web+proto`
  return [
    ['one call of each kind, and what passes over the wire', 'npm run try'],
    list,
    ['JSON: sign in', `curl -d ${signIn} http://${edge}/v1/auth:signIn`],
    [
      'gRPC-Web: the keys that tokens are signed with',
      `${emptyCall} http://${edge}/quartet.auth.v1.AuthService/GetJwks | cat -v`,
    ],
  ]
}

/** As Envoy would call the services. */
const withCertificate = (certificates: string) => {
  const { authority, certificate, key } = certificateFiles(join(certificates, 'envoy'))
  return `-cacert ${authority} -cert ${certificate} -key ${key}`
}
