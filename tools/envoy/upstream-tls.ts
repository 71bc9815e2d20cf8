import { certificateFiles } from '@quartet/certificates/files'

/**
 * What Envoy proves itself with, and whom it believes: an envoy.extensions.transport_sockets.tls.v3.Secret each, in a
 * file named after it. Envoy reads them again when something is moved into the folder, as `npm run certs` and Kubernetes
 * do it.
 */
export const secrets = (folder: string) => {
  const files = certificateFiles(folder)
  const watched_directory = { path: folder }
  return [
    {
      '@type': secret,
      name: 'certificate',
      tls_certificate: {
        certificate_chain: { filename: files.certificate },
        private_key: { filename: files.key },
        watched_directory,
      },
    },
    {
      '@type': secret,
      name: 'authority',
      validation_context: { trusted_ca: { filename: files.authority }, watched_directory },
    },
  ]
}

/** A transport socket to the service of this name: its certificate must have it, wherever it runs. */
export const upstreamTls = (service: string) => ({
  name: 'envoy.transport_sockets.tls',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
    sni: service,
    common_tls_context: {
      alpn_protocols: ['h2'],
      tls_certificate_sds_secret_configs: [fromFile('certificate')],
      combined_validation_context: {
        default_validation_context: {
          match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: service } }],
        },
        validation_context_sds_secret_config: fromFile('authority'),
      },
    },
  },
})

const secret = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret'

const fromFile = (name: string) => ({
  name,
  sds_config: { resource_api_version: 'V3', path_config_source: { path: `./${name}.yaml` } },
})
