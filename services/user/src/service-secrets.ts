import { hash, timingSafeEqual } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readSecrets } from '@quartet/auth'

export type ServiceSecrets = Awaited<ReturnType<typeof serviceSecrets>>

/** Names of services. What else lies in the folder (Kubernetes keeps "..data" there) is none. */
const serviceName = /^[a-z0-9-]+$/

/**
 * The secrets with which services sign in: one file for each in a folder, named as the service is. They are read for each
 * sign-in, so that a new secret needs no restart; there are few of both.
 *
 * @param directory where they are; empty: no service may sign in.
 * @throws Error in one line when the folder or a file in it cannot be used.
 */
export const serviceSecrets = async (directory: string) => {
  await readAll(directory)
  return {
    /** Whether this is a secret of that service. Takes as long whether there is such a service or not. */
    async matches(service: string, secret: string): Promise<boolean> {
      const secrets = await readAll(directory)
      const given = digest(secret)
      return (secrets.get(service) ?? nobodys).filter((one) => timingSafeEqual(digest(one), given)).length > 0
    },
  }
}

const readAll = async (directory: string): Promise<Map<string, string[]>> => {
  if (!directory) return new Map()
  const names = await readdir(directory).catch((cause: NodeJS.ErrnoException) => {
    throw new Error(`the folder ${directory} of the services’ secrets cannot be read (${cause.code})`, {
      cause,
    })
  })
  const services = names.filter((name) => serviceName.test(name))
  return new Map(
    await Promise.all(
      services.map(async (name) => [name, await readSecrets(join(directory, name))] as const),
    ),
  )
}

/** Digests are of one length, whatever was given. */
const digest = (secret: string) => hash('sha256', secret, 'buffer')

/** One that is compared in place of the unknown service's, and that nobody can give: the contract allows 512 characters. */
const nobodys = ['x'.repeat(513)]
