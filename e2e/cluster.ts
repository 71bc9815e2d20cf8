import { execFile, execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { workspace } from '@quartet/tools/services'

const run = promisify(execFile)
const overlay = join(workspace, 'k8s/overlays/demo')
const namespace = 'quartet'

/** Runs kubectl in the namespace of the suite, and returns what it prints. Throws what it complains of. */
export const kubectl = async (...args: string[]): Promise<string> => {
  const { stdout } = await run('kubectl', ['-n', namespace, ...args], { maxBuffer: 16 << 20 })
  return stdout.trim()
}

/** Throws one line when there is no cluster, or one that somebody uses. */
const assertOurs = async () => {
  const found = await run('kubectl', ['get', 'namespaces', '-o', 'name']).catch(
    ({ stderr }: { stderr: string }) => {
      throw new Error(
        `there is no cluster to test on: name one in KUBECONFIG (${stderr.trim().split('\n').at(-1)})`,
      )
    },
  )
  if (found.stdout.split('\n').includes(`namespace/${namespace}`))
    throw new Error(
      `the cluster has a namespace ${namespace}, which may be in use: delete it, or name another cluster`,
    )
}

/**
 * Applies the demo to the cluster that KUBECONFIG names, and waits until it is available. The images must be there, or
 * come there by LOAD_IMAGES, a command that takes them as arguments: "kind load docker-image".
 */
export const applyDemo = async () => {
  await assertOurs()
  const loader = process.env['LOAD_IMAGES']?.split(' ')
  if (loader) execFileSync(loader[0]!, [...loader.slice(1), ...(await images())], { stdio: 'inherit' })
  await kubectl('apply', '-k', overlay)
  await kubectl('wait', '--for=condition=Available', 'deployment', '--all', '--timeout=8m')
  const ingress = 'jsonpath={.status.loadBalancer.ingress[0].ip}{.status.loadBalancer.ingress[0].hostname}'
  const address = await poll(() => kubectl('get', 'service', 'envoy', '-o', ingress))
  const template = 'go-template={{index .data "demo-accounts.json" | base64decode}}'
  const accounts = await kubectl('get', 'secret', 'user', '-o', template)
  return {
    edge: `${address}:80`,
    accounts: JSON.parse(accounts) as { email: string; password: string; role: string }[],
  }
}

/** Deletes the demo with all that it has made, and waits until it is gone. */
export const deleteDemo = () => kubectl('delete', '-k', overlay, '--ignore-not-found', '--timeout=5m')

const images = async () => {
  const manifests = await kubectl('kustomize', overlay)
  return [...new Set([...manifests.matchAll(/image: (\S+)/g)].map(([, image]) => image!))]
}

/** Asks every half second until there is an answer that is not empty. */
const poll = async (ask: () => Promise<string>): Promise<string> => {
  for (;;) {
    const answer = await ask()
    if (answer) return answer
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}
