import { experimental, type ChannelCredentials, type ServerCredentials } from '@grpc/grpc-js'
import { getCACertificates } from 'node:tls'
import type { CertificateFiles } from './certificates.ts'
import { watchCertificates, type WatchedCertificates, type WatchOptions } from './watch-certificates.ts'

/** TLS for a process, from the same files on both of its sides. */
export interface TlsCredentials {
  readonly server: ServerCredentials
  readonly channel: ChannelCredentials
  /** Stops to look at the files. */
  readonly stop: () => void
}

/**
 * Credentials from files that may change while they are in use: new connections are made with what the files hold
 * now, and those that are open stay. Servers must be known by the name that they are called by; with an authority,
 * clients must bring a certificate that it has signed.
 *
 * grpc-js has a provider that watches files too; it turns connections away while a change is half done.
 *
 * @throws Error of one line when a file cannot be used.
 */
export const tlsCredentials = async (
  files: CertificateFiles,
  options: WatchOptions,
): Promise<TlsCredentials> => {
  const watched = await watchCertificates(files, options)
  const provider = providerOf(watched)
  return {
    // The types have these two parameters in the wrong order: identity first, authorities second.
    server: experimental.createCertificateProviderServerCredentials(
      provider,
      files.authority ? provider : null,
      Boolean(files.authority),
    ),
    channel: experimental.createCertificateProviderChannelCredentials(provider, provider),
    stop: watched.stop,
  }
}

/** As grpc-js wants it: a listener hears of what there is soon, and of each change. */
const providerOf = ({ current, onChange }: WatchedCertificates): experimental.CertificateProvider => {
  const subscriptions = new Map<unknown, () => void>()
  const add = <T>(listener: (update: T) => void, update: () => T) => {
    const tell = () => listener(update())
    subscriptions.set(listener, onChange(tell))
    // Not at once: grpc-js adds the server that it concerns after this.
    process.nextTick(tell)
  }
  const remove = (listener: unknown) => {
    subscriptions.get(listener)?.()
    subscriptions.delete(listener)
  }
  return {
    addIdentityCertificateListener: (listener) =>
      add(listener, () => ({ certificate: current().certificate, privateKey: current().key })),
    removeIdentityCertificateListener: remove,
    addCaCertificateListener: (listener) =>
      add(listener, () => ({ caCertificate: current().authority ?? wellKnown() })),
    removeCaCertificateListener: remove,
  }
}

/** The authorities that Node trusts; NODE_EXTRA_CA_CERTS adds to them. */
const wellKnown = () => Buffer.from(getCACertificates('default').join('\n'))
