import { fromBinary, toBinary, type Message } from '@bufbuild/protobuf'
import { pathToString } from '@bufbuild/protobuf/reflect'
import { createValidator } from '@bufbuild/protovalidate'
import { status } from '@grpc/grpc-js'
import type { Method } from '@quartet/proto/contract'
import { healthCheck } from '@quartet/rpc'
import { describeWith } from '@quartet/testing'
import { methods } from '@quartet/tools/examples'
import { services } from '@quartet/tools/services'
import { grpc, json, type Answer, type Way } from '../access/ways.ts'
import { createWorld } from '../access/world.ts'
import { hasEnvoy, start } from '../suite.ts'
import { broken, mutations } from './edge-values.ts'

// Every field of every RPC that is served, with each edge value of its type: generated from the contract.

const serverOf = (method: Method) =>
  services().find(({ serves }) => serves.includes(method.descriptor.parent.typeName))
const served = methods.filter(serverOf)

/** Without limits, which are counted by caller: here one caller makes thousands of calls. */
const variables = Object.fromEntries(
  services().map(({ name }) => {
    const limits = served
      .filter((method) => serverOf(method)?.name === name)
      .map(({ path }) => [path, { perSecond: 0, maxOpen: 0 }])
    return [name, { LOG_LEVEL: 'warn', RPC_LIMITS: JSON.stringify(Object.fromEntries(limits)) }]
  }),
)

/** What a request must never be answered with, whatever is in it. */
const failures = [
  status.UNKNOWN,
  status.INTERNAL,
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.CANCELLED,
]

/** Nothing where JSON or a header has no way to write the value. */
const written = async <T>(send: () => Promise<T>): Promise<T | undefined> => {
  try {
    return await send()
  } catch (error) {
    if (/Invalid count value|ByteString/.test((error as Error).message)) return undefined
    throw error
  }
}

const validator = createValidator()
/** The fields that the contract itself refuses. */
const refused = (method: Method, message: Message): string[] => {
  const { violations = [] } = validator.validate(method.descriptor.input, message)
  return violations.map(({ field }) => pathToString(field))
}

describeWith('Envoy', hasEnvoy, () => {
  let suite: Awaited<ReturnType<typeof start>>
  let world: Awaited<ReturnType<typeof createWorld>>
  let edge: Way
  const direct: Record<string, ReturnType<typeof grpc>> = {}
  const straight: Way = (method, ...rest) => direct[serverOf(method)!.name]!(method, ...rest)

  beforeAll(async () => {
    suite = await start({ variables })
    for (const [name, target] of Object.entries(suite.endpoints)) direct[name] = grpc(target)
    edge = json(suite.edge)
    world = await createWorld(suite, straight)
  }, 120_000)
  afterAll(async () => {
    world?.close()
    for (const one of Object.values(direct)) one.close()
    await suite?.stop()
  })

  const pids = () => Object.fromEntries(suite.processes().map(({ name, pid }) => [name, pid]))

  test.each(served.map((method) => [method.path, method] as const))(
    '%s',
    async (_path, method) => {
      const before = pids()
      const { input } = method.descriptor
      const owner = await world.newOwner()
      const headers = { authorization: `Bearer ${world.rightful(method, owner)}` }
      const valid = await world.requestsOf(method, owner)
      const messages = valid.map((request) => fromBinary(input, method.codec.requestSerialize(request)))
      // The ways take what the codec takes; here that is the bytes themselves.
      const raw = {
        ...method,
        codec: { ...method.codec, requestSerialize: (bytes: object) => bytes as Buffer },
      }
      const onWire = (message: Message) => broken(toBinary(input, message))

      const first = await straight(raw, messages.map(onWire), headers)!
      expect(first.code).toBe(status.OK)

      const strange: string[] = []
      const attempt = async (what: string, requests: Buffer[], wrong: string[]) => {
        const judge = (way: string, { code, text, fields = [] }: Answer) => {
          const said = `${way}: ${what}: ${status[code]} ${text.slice(0, 200)}`
          if (failures.includes(code)) strange.push(said)
          if (wrong.length === 0 || method.kind === 'client_streaming' || method.kind === 'bidi_streaming')
            return
          // What is no message of its type has no fields that could be named.
          const named = what.endsWith('no UTF-8') || wrong.some((field) => fields.includes(field))
          if (code !== status.INVALID_ARGUMENT || !named)
            strange.push(`${said}, not INVALID_ARGUMENT for ${wrong.join()}`)
        }
        judge('straight', await straight(raw, requests, headers)!)
        const answer = what.endsWith('no UTF-8')
          ? undefined
          : await written(async () => inJson(raw, requests, headers))
        if (answer && failures.includes(answer.code))
          strange.push(`JSON: ${what}: ${status[answer.code]} ${answer.text.slice(0, 200)}`)
      }
      const queue = messages.flatMap((message, index) =>
        mutations(input, message).map(({ what, message: mutated }) => () => {
          const requests = messages.map((one, at) => onWire(at === index ? mutated : one))
          return attempt(messages.length > 1 ? `${index}: ${what}` : what, requests, refused(method, mutated))
        }),
      )
      await Promise.all(
        Array.from({ length: 8 }, async () => {
          for (let next = queue.pop(); next; next = queue.pop()) await next()
        }),
      )
      expect(strange).toEqual([])

      for (const { name } of services())
        expect(
          await healthCheck({
            target: suite.endpoints[name]!,
            service: 'readiness',
            signal: AbortSignal.timeout(20_000),
          }),
        ).toBe('SERVING')
      expect(pids()).toEqual(before)
    },
    300_000,
  )

  /** A call as JSON; undefined where the method or the value has no JSON, or the answer is of HTTP alone and a refusal. */
  const inJson = async (...call: Parameters<Way>): Promise<Answer | undefined> => {
    try {
      return await edge(...call)
    } catch (error) {
      // "cannot encode message google.protobuf.Timestamp to JSON: …"
      if (/cannot (encode|decode)/.test((error as Error).message)) return undefined
      throw error
    }
  }
})
