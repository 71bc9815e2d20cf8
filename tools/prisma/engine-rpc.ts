import { createInterface } from 'node:readline'
import type { SchemaEngine } from '@prisma/schema-engine-wasm'
import { databaseOf, onServer } from './on-server.ts'

interface Request {
  id: number
  /** Absent in Prisma's answer to a request of ours. */
  method?: string
  params: never
}

type Methods = Record<string, (params: never) => Promise<unknown>>

/** Answers JSON-RPC, one message a line, from standard input to standard output until the input ends. */
export const serve = async (open: () => Promise<SchemaEngine>, url: string): Promise<void> => {
  let opened: Promise<SchemaEngine> | undefined
  const engine = () => (opened ??= open())
  const own = ownMethods(engine, url)
  for await (const line of createInterface(process.stdin)) {
    const { id, method, params } = JSON.parse(line) as Request
    if (!method) continue
    try {
      const result = await (own[method]?.(params) ??
        ((await engine()) as unknown as Methods)[method]!(params))
      if (method === 'diff') print((result as { stdout: string | null }).stdout)
      send({ id, result: result ?? {} })
    } catch (error) {
      send({ id, error: describe(error) })
    }
  }
  process.exit()
}

/** What the engine calls otherwise, lacks, or does only after something else. */
const ownMethods = (engine: () => Promise<SchemaEngine>, url: string): Methods => ({
  getDatabaseVersion: async () => (await engine()).version(),
  createDatabase: async () => {
    const { name, quoted } = databaseOf(url)
    await onServer(url, `create database ${quoted}`)
    return { databaseName: name }
  },
  // Fails unless the replayed migrations are in the engine's memory, where devDiagnostic puts them.
  evaluateDataLoss: async (params: Parameters<SchemaEngine['evaluateDataLoss']>[0]) => {
    const { migrationsList, filters } = params
    await (await engine()).devDiagnostic({ migrationsList, filters })
    return (await engine()).evaluateDataLoss(params)
  },
})

const send = (message: object) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)

const print = (content: string | null) => {
  if (content !== null) send({ method: 'print', id: 'print', params: { content } })
}

/** As the native engine reports an error of the user, which Prisma shows by its own code and text. */
const describe = (error: unknown) => {
  const { message, code, meta } = error as { message: string; code?: string; meta?: object }
  return {
    code: 4466,
    message: 'An error happened. Check the data field for details.',
    data: { is_panic: false, message, meta: meta ?? null, error_code: code ?? null },
  }
}
