/** How much of it goes into a page of rows: a message of more than 4 MiB is refused by clients. */
export const maxPageBytes = 3 * 1024 * 1024

/** Bytes that a value of a message takes at most, as proto-loader's objects have it: names, tags and lengths included. */
export const bytesOf = (value: unknown): number => {
  if (typeof value === 'string')
    return value.length < 64 ? 3 * value.length + 4 : Buffer.byteLength(value) + 6
  if (typeof value !== 'object') return 12
  if (value === null) return 0
  if (ArrayBuffer.isView(value)) return value.byteLength + 6
  let bytes = 12
  // To walk through an array by its keys takes four times as long.
  if (Array.isArray(value)) {
    for (const one of value) bytes += bytesOf(one)
    return bytes
  }
  // A key of a map is sent as well, the name of a field is not.
  for (const key in value) bytes += 3 * key.length + bytesOf((value as Record<string, unknown>)[key])
  return bytes
}
