/** Says what went wrong where Prisma looks for it: on standard error, as the native engine's logger writes it. */
export const logError = (message: string, error_code?: string): void => {
  // Prisma passes over the first line.
  console.error(JSON.stringify({ level: 'INFO', fields: { message: 'schema-engine-wasm' } }))
  console.error(
    JSON.stringify({ level: 'ERROR', target: 'schema_engine::logger', fields: { message, error_code } }),
  )
}
