import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseEnv } from 'node:util'
import { status } from '@grpc/grpc-js'
import { People, type Method } from '@quartet/proto/contract'
import { roles } from '@quartet/rpc'
import { describeWith } from '@quartet/testing'
import { exampleOf, methods } from '@quartet/tools/examples'
import { jsonRequest } from '@quartet/tools/json-request'
import { services } from '@quartet/tools/services'
import { Client } from 'pg'
import { hasEnvoy, start } from '../suite.ts'
import { expected, type Who } from './expected.ts'
import { overrides, rawRequest, tricks } from './paths.ts'
import { secretsIn } from './redacted.ts'
import { badTokens, openSigningKey } from './tokens.ts'
import { collectTraces } from './traces.ts'
import { grpc, grpcWeb, json, type Answer, type Sent, type Way } from './ways.ts'
import { createWorld, type Owner } from './world.ts'

// The matrix: every RPC of the contract × every kind of caller × every way to call it. What is expected follows from the
// contract and from one example of each RPC, so a new RPC is in it by itself.

/** The service that answers a method; undefined for what every service serves. */
const serverOf = (method: Method) =>
  services().find(({ serves }) => serves.includes(method.descriptor.parent.typeName))

/** Without limits, which are counted by caller: here one caller makes thousands of calls. */
const variables = Object.fromEntries(
  services().map(({ name }) => {
    const served = methods.filter((method) => (serverOf(method)?.name ?? name) === name)
    const limits = served.map(({ path }) => [path, { perSecond: 0, maxOpen: 0 }])
    return [name, { LOG_LEVEL: 'debug', RPC_LIMITS: JSON.stringify(Object.fromEntries(limits)) }]
  }),
)

/**
 * On a busy machine Envoy takes a service for gone now and then. That says nothing about access: the call is made again,
 * after this many milliseconds.
 */
const pauseMs = 200

describeWith('Envoy', hasEnvoy, () => {
  let suite: Awaited<ReturnType<typeof start>>
  let world: Awaited<ReturnType<typeof createWorld>>
  let ways: Record<string, Way>
  let bad: Record<string, string>
  let traces: Awaited<ReturnType<typeof collectTraces>>
  const direct: Record<string, ReturnType<typeof grpc>> = {}
  const answers: Answer[] = []

  beforeAll(async () => {
    traces = await collectTraces()
    suite = await start({ variables, environment: { ...process.env, ...traces.environment } })
    for (const [name, target] of Object.entries(suite.endpoints)) direct[name] = grpc(target)
    ways = {
      // What every service serves may be asked of any.
      straight: (method, ...rest) => direct[serverOf(method)?.name ?? 'user']!(method, ...rest),
      'gRPC through Envoy': direct['edge']!,
      'gRPC-Web': grpcWeb(suite.edge),
      JSON: json(suite.edge),
    }
    world = await createWorld(suite, ways['straight']!)
    const jwk = await signingKey()
    bad = await badTokens(world.tokenOf.get('ADMIN')!, jwk)
    world.secrets.add(jwk.d!)
  }, 120_000)
  afterAll(async () => {
    world?.close()
    for (const one of Object.values(direct)) one.close()
    await suite?.stop()
    traces?.close()
  })

  const signingKey = async () => {
    const { DATABASE_URL } = parseEnv(readFileSync(join(suite.directory, 'env/user'), 'utf8'))
    const secret = readFileSync(join(suite.directory, 'secrets/user/key-secret'), 'utf8').trim()
    world.secrets.add(secret)
    const database = new Client(DATABASE_URL)
    await database.connect()
    const { rows } = await database.query('select private_jwk from signing_keys')
    await database.end()
    return openSigningKey(rows[0].private_jwk, secret)
  }

  /** Makes the call in one way, and says what was wrong with how it ended. */
  const attempt = async (
    method: Method,
    way: string,
    who: Who,
    owner: () => Promise<Owner>,
  ): Promise<string[]> => {
    const example = exampleOf(method)
    const wanted = expected(method, example, who, way !== 'straight')
    const reachesHandler = wanted.includes(status.OK) || example.owned !== undefined
    const token =
      who.kind === 'owner'
        ? (await owner()).token
        : who.kind === 'bad token'
          ? bad[who.name]
          : who.kind !== 'nobody' && world.tokenOf.get(who.name)
    const requests = reachesHandler ? await world.requestsOf(method, await owner()) : [{}]
    const answer = await ways[way]!(method, requests, token ? { authorization: `Bearer ${token}` } : {})
    if (!answer) return []
    answers.push(answer)
    for (const secret of secretsIn([requests, answer.message])) world.secrets.add(secret)
    const { code, reason = '', text } = answer
    if (wanted.includes(code)) return []
    if (code === status.UNAVAILABLE) {
      await delay(pauseMs)
      return attempt(method, way, who, owner)
    }
    const name = 'name' in who ? who.name : ''
    const codes = wanted.map((one) => status[one]).join(' or ')
    return [`${way}: ${who.kind} ${name}: ${status[code]} ${reason} ${text}, not ${codes}`]
  }

  test.each(methods.map((method) => [method.path, method] as const))(
    '%s',
    async (_path, method) => {
      const callers: Who[] = [
        { kind: 'nobody' },
        ...Object.keys(bad).map((name): Who => ({ kind: 'bad token', name })),
        ...services().map(({ name }): Who => ({ kind: 'service', name })),
        ...roles.map((name): Who => ({ kind: 'person', name })),
        // Last: owners may change what they sign in with.
        ...(exampleOf(method).owned ? [{ kind: 'owner', name: 'owner' } as const] : []),
      ]
      const inOneWay = async (way: string) => {
        let made: Promise<Owner> | undefined
        const owner = () => (made ??= world.newOwner())
        const strange: string[] = []
        for (const who of callers) strange.push(...(await attempt(method, way, who, owner)))
        return strange
      }
      expect((await Promise.all(Object.keys(ways).map(inOneWay))).flat()).toEqual([])
    },
    120_000,
  )

  test('no other spelling of a path, and no word beside it, opens what the path does not', async () => {
    const closed = methods.filter(({ policy }) => policy!.people !== People.EVERYBODY)
    const admin = world.tokenOf.get('ADMIN')!
    const viewer = { authorization: `Bearer ${world.tokenOf.get('VIEWER')}` }
    const opened: string[] = []
    const attempt = async (verb: string, path: string, headers: Sent): Promise<void> => {
      const { status, text } = await rawRequest(suite.edge, verb, path, headers)
      if (status === 503) {
        await delay(pauseMs)
        return attempt(verb, path, headers)
      }
      if (![400, 401, 403, 404, 405, 415].includes(status)) opened.push(`${verb} ${path}: ${status} ${text}`)
    }
    for (const method of closed) {
      const { method: verb, path } = jsonRequest(method, [{}]) ?? { method: 'POST', path: method.path }
      const [plain = ''] = path.split('?')
      await Promise.all([
        ...tricks(plain).map((trick) => attempt(verb, trick, {})),
        ...overrides(plain, admin).map(({ query, headers }) => attempt(verb, plain + query, headers)),
        // What an administrator may do stays closed to a viewer however it is written.
        ...(method.policy!.people === People.ADMIN
          ? tricks(plain).map((trick) => attempt(verb, trick, viewer))
          : []),
      ])
    }
    expect(opened).toEqual([])
  }, 120_000)

  test('no secret, token, password or hash is in any log, trace or answer', async () => {
    await suite.halt()
    const folder = join(suite.directory, 'logs')
    const texts = new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]))
    texts.set('traces', traces.received.join('\n'))
    texts.set('answers', answers.map(({ text, reason }) => `${reason} ${text}`).join('\n'))
    expect([...texts].filter(([, text]) => text === '').map(([name]) => name)).toEqual([])
    for (const [name, text] of texts) {
      for (const secret of [...world.secrets, '$argon2', 'PRIVATE KEY', '"d":'])
        if (text.includes(secret)) throw new Error(`${name} holds ${secret.slice(0, 12)}…`)
      // Those that were refused too, and cut off, as the text of an error is.
      if (/eyJ[\w-]+\.eyJ/.test(text)) throw new Error(`${name} holds a token`)
    }
  })
})
