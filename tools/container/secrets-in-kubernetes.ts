import { readFileSync } from 'node:fs'
import type { SecretStore } from './secrets.ts'

const account = '/var/run/secrets/kubernetes.io/serviceaccount'

interface Place {
  readonly url: string
  readonly namespace: string
  readonly token: string
}

/** Of the pod that this runs in. NODE_EXTRA_CA_CERTS must name the cluster's own authority for it. */
const here = (): Place => ({
  url: `https://${process.env['KUBERNETES_SERVICE_HOST']}:${process.env['KUBERNETES_SERVICE_PORT']}`,
  namespace: readFileSync(`${account}/namespace`, 'utf8'),
  token: readFileSync(`${account}/token`, 'utf8'),
})

/** Secrets as Secrets of the namespace, one for each group. Needs the rights to get, create and patch them. */
export const secretsInKubernetes = ({ url, namespace, token }: Place = here()): SecretStore => {
  const secretsUrl = `${url}/api/v1/namespaces/${namespace}/secrets`

  /** The answer, or undefined where it has one of the statuses in `fine`. */
  const call = async (
    path: string,
    { fine, type, ...init }: Pick<RequestInit, 'method' | 'body'> & { fine: number; type?: string },
  ) => {
    const response = await fetch(`${secretsUrl}${path}`, {
      ...init,
      headers: { authorization: `Bearer ${token}`, ...(type && { 'content-type': type }) },
    })
    if (response.status === fine) return undefined
    const answer = (await response.json()) as { message?: string; data?: Record<string, string> }
    if (!response.ok) throw new Error(`Kubernetes refuses the secrets: ${answer.message ?? response.status}`)
    return answer
  }

  return {
    async read(groups) {
      const found = await Promise.all(
        groups.map(async (group) => [group, await call(`/${group}`, { fine: 404 })] as const),
      )
      return Object.fromEntries(
        found.flatMap(([group, secret]) => (secret ? [[group, mapValues(secret.data ?? {}, decode)]] : [])),
      )
    },

    async write(group, secrets) {
      const data = mapValues(secrets, encode)
      const created = await call('', {
        method: 'POST',
        type: 'application/json',
        body: JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name: group }, data }),
        fine: 409,
      })
      if (created) return
      await call(`/${group}`, {
        method: 'PATCH',
        type: 'application/merge-patch+json',
        body: JSON.stringify({ data }),
        fine: 200,
      })
    },
  }
}

const encode = (text: string) => Buffer.from(text).toString('base64')
const decode = (base64: string) => Buffer.from(base64, 'base64').toString()
const mapValues = (object: Readonly<Record<string, string>>, change: (value: string) => string) =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value)]))
