import {
  bindMigrationAwareSqlAdapterFactory,
  ColumnTypeEnum,
  type SqlQuery,
  type SqlQueryable,
  type SqlResultSet,
} from '@prisma/driver-adapter-utils'
import { PrismaPg } from '@prisma/adapter-pg'
import { SchemaEngine } from '@prisma/schema-engine-wasm'
import { logError } from './engine-log.ts'
import { onServer } from './on-server.ts'

type Adapter = Awaited<ReturnType<PrismaPg['connect']>>

export interface EngineOptions {
  readonly url: string
  /** A database to replay migrations in. Without one, the engine makes one for itself. */
  readonly shadowDatabaseUrl: string | undefined
  /** Files of schema.prisma: name and text. */
  readonly schemas: [string, string][] | undefined
}

/** Opens the schema engine on a database. It connects when it first needs to. */
export const openEngine = ({ url, shadowDatabaseUrl, schemas }: EngineOptions): Promise<SchemaEngine> => {
  const factory = bindMigrationAwareSqlAdapterFactory({
    provider: 'postgres',
    adapterName: '@prisma/adapter-pg',
    connect: () => connect(url),
    connectToShadowDb: () => (shadowDatabaseUrl ? connect(shadowDatabaseUrl) : connectToNewShadow(url)),
  })
  return SchemaEngine.new({ datamodels: schemas }, () => {}, factory)
}

// The engine says here why it panics, which ends the process.
Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: { set_message: logError } })

/** The adapter's own shadow database is the main one when it was given a connection string. */
const connectToNewShadow = async (url: string): Promise<Adapter> => {
  const name = `prisma_migrate_shadow_db_${crypto.randomUUID()}`
  const shadow = new URL(url)
  shadow.pathname = `/${name}`
  await onServer(url, `create database "${name}"`)
  const adapter = await connect(shadow.href)
  const dispose = adapter.dispose.bind(adapter)
  return Object.assign(adapter, {
    async dispose() {
      await dispose()
      await onServer(url, `drop database if exists "${name}" with (force)`)
    },
  })
}

const connect = async (connectionString: string): Promise<Adapter> => {
  const adapter = readCatalogue(await new PrismaPg({ connectionString, max: 1 }).connect())
  const startTransaction = adapter.startTransaction.bind(adapter)
  return Object.assign(adapter, {
    startTransaction: async (...args: Parameters<typeof startTransaction>) =>
      readCatalogue(await startTransaction(...args)),
    // The adapter's own cuts the script at each semicolon, also in the middle of a function or a text.
    executeScript: async (script: string) => {
      await adapter
        .underlyingDriver()
        .query(script)
        .catch((error) => Object(adapter).onError(error))
    },
  })
}

const charType = 18
const textType = 25

/** The adapter does not know PostgreSQL's one-byte "char", of which the catalogue is full. */
const readCatalogue = <Q extends SqlQueryable>(queryable: Q): Q => {
  const inner = queryable as Q & { performIO(query: SqlQuery): Promise<{ fields: { dataTypeID: number }[] }> }
  const queryRaw = Reflect.get(queryable, 'queryRaw') as (this: Q, query: SqlQuery) => Promise<SqlResultSet>
  return Object.assign(queryable, {
    async queryRaw(query: SqlQuery) {
      const chars = new Set<number>()
      const reader = Object.assign(Object.create(queryable) as Q, {
        async performIO(query: SqlQuery) {
          const result = await inner.performIO(query)
          for (const [column, field] of result.fields.entries()) {
            if (field.dataTypeID !== charType) continue
            field.dataTypeID = textType
            chars.add(column)
          }
          return result
        },
      })
      const result = await queryRaw.call(reader, query)
      const columnTypes = result.columnTypes.map((type, column) =>
        chars.has(column) ? ColumnTypeEnum.Character : type,
      )
      return { ...result, columnTypes }
    },
  })
}
