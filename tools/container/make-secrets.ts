import { services } from '../services.ts'
import { secretsInFolder } from './secrets-in-folder.ts'
import { secretsInKubernetes } from './secrets-in-kubernetes.ts'
import { makeSecrets } from './secrets.ts'

// Makes the secrets that an installation lacks, before anything else starts: in the folder given, or without one in the
// Kubernetes that this runs in.
const [directory] = process.argv.slice(2)
const store = directory ? secretsInFolder(directory) : secretsInKubernetes()
const made = await makeSecrets(
  store,
  services().map(({ name }) => name),
)
console.log(made.length ? `made ${made.join(', ')}` : 'all secrets are there')
