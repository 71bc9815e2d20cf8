import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AuthService } from '@quartet/proto/auth'
import { People, type Method } from '@quartet/proto/contract'
import { createClient } from '@quartet/rpc'
import { exampleOf, methods } from '@quartet/tools/examples'
import type { start } from '../suite.ts'
import { secretsIn } from './redacted.ts'
import type { Way } from './ways.ts'

/** A viewer who has just signed up. */
export interface Owner {
  readonly id: string
  readonly email: string
  readonly password: string
  readonly token: string
}

/**
 * Who there is in a running suite, and what the examples need to exist in it.
 * @param straight calls the service itself that serves a method.
 */
export const createWorld = async (suite: Awaited<ReturnType<typeof start>>, straight: Way) => {
  const auth = createClient(AuthService, { target: suite.endpoints['user']! })
  /** Everything that must never be seen anywhere. */
  const secrets = new Set<string>()
  const secret = <T extends string>(value: T): T => {
    secrets.add(value)
    return value
  }

  const tokenOf = new Map<string, string>()
  for (const { email, password, role } of suite.accounts) {
    const { tokens } = await auth.signIn({ email, password: secret(password) })
    secret(tokens!.refreshToken)
    tokenOf.set(role, secret(tokens!.accessToken))
  }
  const secretOf = (service: string) =>
    secret(readFileSync(join(suite.directory, 'secrets/service-secrets', service), 'utf8').trim())
  for (const clientId of ['user', 'order', 'upload', 'chat']) {
    const { accessToken } = await auth.issueServiceToken({ clientId, clientSecret: secretOf(clientId) })
    tokenOf.set(clientId, secret(accessToken))
  }

  const newOwner = async (): Promise<Owner> => {
    const [email, password] = [`${randomUUID()}@example.org`, secret(randomUUID())]
    const { user, tokens } = await auth.signUp({ email, password, name: 'Owner' })
    secret(tokens!.refreshToken)
    return { id: user!.id, email, password, token: secret(tokens!.accessToken) }
  }

  /** The token with which an example is made so that it succeeds. */
  const rightful = ({ policy }: Method, owner: Owner): string => {
    if (policy!.people === People.NOBODY) return tokenOf.get(policy!.services[0]!)!
    const role = { [People.EDITOR]: 'EDITOR', [People.ADMIN]: 'ADMIN' }[policy!.people as number]
    return role ? tokenOf.get(role)! : owner.token
  }

  /** The requests of an example, with everything in them that they name. */
  const requestsOf = async (method: Method, owner: Owner): Promise<object[]> => {
    const answers = new Map<string, Promise<object>>()
    const answerTo = async (name: string): Promise<object> => {
      const other = siblings(method).find(({ localName }) => localName === name)
      if (!other)
        throw new Error(`the example of ${method.path} names ${name}, which is no RPC of its service`)
      const headers = { authorization: `Bearer ${rightful(other, owner)}` }
      const answer = await straight(other, await requestsOf(other, owner), headers)!
      for (const one of secretsIn(answer.message)) secret(one)
      if (answer.message) return answer.message
      throw new Error(`${name} for the example of ${method.path}: ${answer.code} ${answer.text}`)
    }
    const value = async (path: string): Promise<string> => {
      const [first, ...rest] = path.split('.') as [string, ...string[]]
      if (path === 'unique') return randomUUID()
      if (first === 'owner') return owner[rest[0] as keyof Owner]
      if (rest[0] === 'secret') return secretOf(first)
      if (!answers.has(first)) answers.set(first, answerTo(first))
      return String(rest.reduce<unknown>((at, name) => (at as never)[name], await answers.get(first)))
    }
    const filled = async (template: unknown): Promise<unknown> => {
      if (typeof template === 'string') {
        const paths = [...template.matchAll(/\{([\w.]+)\}/g)].map(([, path]) => path!)
        let text: string = template
        for (const path of paths) text = text.replace(`{${path}}`, await value(path))
        return text
      }
      if (Array.isArray(template)) {
        const all = []
        for (const one of template) all.push(await filled(one))
        return all
      }
      if (typeof template !== 'object' || template === null || template instanceof Uint8Array) return template
      const fields: Record<string, unknown> = {}
      for (const [name, one] of Object.entries(template)) fields[name] = await filled(one)
      return fields
    }
    return [await filled(exampleOf(method).request)].flat() as object[]
  }

  return {
    /** By role ("EDITOR"), and by service ("order"). */
    tokenOf: tokenOf as ReadonlyMap<string, string>,
    newOwner,
    rightful,
    requestsOf,
    secrets,
    close: () => auth.close(),
  }
}

const siblings = ({ descriptor }: Method) =>
  methods.filter((other) => other.descriptor.parent === descriptor.parent)
