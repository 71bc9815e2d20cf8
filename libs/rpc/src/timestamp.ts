/** A google.protobuf.Timestamp as proto-loader's objects have it, from a Date. Milliseconds are all a Date knows. */
export const timestamp = (date: Date) => {
  const ms = date.getTime()
  return { seconds: String(Math.floor(ms / 1000)), nanos: (((ms % 1000) + 1000) % 1000) * 1_000_000 }
}
