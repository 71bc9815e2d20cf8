/** A try goes to a replica that has not failed this call, as long as there is one. */
const elsewhere = {
  host_selection_retry_max_attempts: 3,
  retry_host_predicate: [
    {
      name: 'envoy.retry_host_predicates.previous_hosts',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate',
      },
    },
  ],
}

/**
 * For every call: tried again only where nothing can have reached a handler. A create with an idempotency key
 * gets no more than that, because Envoy cannot see whether its caller filled the key. The caller knows, and
 * retries it.
 */
export const untouchedRetries = {
  num_retries: 3,
  retry_on: 'connect-failure,refused-stream,reset-before-request',
  ...elsewhere,
}

/**
 * For calls that may be repeated: tried again also when they were cut or answered with UNAVAILABLE. Not once
 * a part of the answer has gone out, and not with a request larger than the stream's window (1 MiB), which is
 * not kept.
 */
export const idempotentRetries = {
  ...untouchedRetries,
  retry_on: 'connect-failure,refused-stream,reset,unavailable',
}

/**
 * For calls that only read, against a replica that hangs: after each third of the time, one more replica is
 * asked, and the first answer counts. `hedge_policy` is what lets the earlier tries go on; cut off, a call
 * that needs half of its time could never succeed.
 */
export const hedgedRetries = (seconds: number) => ({
  retry_policy: { ...idempotentRetries, num_retries: 2, per_try_timeout: `${(seconds / 3).toFixed(3)}s` },
  hedge_policy: { hedge_on_per_try_timeout: true },
})
