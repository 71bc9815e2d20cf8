import { setTimeout as delay } from 'node:timers/promises'
import { fromBinary, toBinary, type Message } from '@bufbuild/protobuf'
import { pathToString } from '@bufbuild/protobuf/reflect'
import { createValidator } from '@bufbuild/protovalidate'
import { status } from '@grpc/grpc-js'
import { codecOf } from '@quartet/proto/codec'
import type { Method } from '@quartet/proto/contract'
import { healthCheck } from '@quartet/rpc'
import { methods } from '@quartet/tools/examples'
import { services } from '@quartet/tools/services'
import { grpc, json, type Answer, type Way } from '../access/ways.ts'
import { createWorld } from '../access/world.ts'
import { start } from '../suite.ts'
import { broken, mutations } from './edge-values.ts'

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
    if (/Invalid count value|ByteString|invalid header value/.test((error as Error).message)) return undefined
    throw error
  }
}

const validator = createValidator()
/** The fields that the contract itself refuses. */
const refused = (method: Method, message: Message): string[] => {
  const { violations = [] } = validator.validate(method.descriptor.input, message)
  return violations.map(({ field }) => pathToString(field))
}

/** Requests of one method that are under way at once. */
const inFlight = 16

/**
 * A test for each RPC that is served: every field of its requests, with each edge value of its type, generated from the
 * contract. Each is answered as the contract says, and all services are well after it.
 *
 * @param throughEdge sends them as JSON too, which takes minutes.
 */
export const testEveryField = ({ throughEdge }: { throughEdge: boolean }): void => {
  let suite: Awaited<ReturnType<typeof start>>
  let world: Awaited<ReturnType<typeof createWorld>>
  let edge: Way
  const direct: Record<string, ReturnType<typeof grpc>> = {}
  const straight: Way = (method, ...rest) => direct[serverOf(method)!.name]!(method, ...rest)

  beforeAll(async () => {
    suite = await start({ variables })
    for (const [name, target] of Object.entries(suite.endpoints)) direct[name] = grpc(target)
    if (throughEdge) edge = json(suite.edge)
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
      const messages = valid.map((request) => fromBinary(input, codecOf(method).requestSerialize(request)))
      const onWire = (message: Message) => broken(toBinary(input, message))

      const first = await straight(method, messages.map(onWire), headers)!
      expect(first.code).toBe(status.OK)

      const streamsRequests = method.kind === 'client_streaming' || method.kind === 'bidi_streaming'
      const strange: string[] = []
      /** Tried again when nothing else runs: that a machine is busy is not the fault of a value. */
      const late: (() => Promise<void>)[] = []
      const attempt = async (what: string, requests: Buffer[], wrong: string[], alone = false) => {
        const isText = !what.endsWith('no UTF-8')
        const { code, text, fields = [] } = await straight(method, requests, headers)!
        if ((code === status.DEADLINE_EXCEEDED || code === status.UNAVAILABLE) && !alone)
          return void late.push(() => attempt(what, requests, wrong, true))
        const said = `${what}: ${status[code]} ${text.slice(0, 200)}`
        if (failures.includes(code)) strange.push(said)
        if (wrong.length > 0 && !streamsRequests) {
          // What is no message of its type has no fields that could be named.
          const named = !isText || wrong.some((field) => fields.includes(field))
          if (code !== status.INVALID_ARGUMENT || !named)
            strange.push(`${said}, not INVALID_ARGUMENT for ${wrong.join()}`)
        }
        if (!throughEdge || !isText) return
        const answer = await written(async () => inJson(method, requests, headers))
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
        Array.from({ length: inFlight }, async () => {
          for (let next = queue.pop(); next; next = queue.pop()) await next()
        }),
      )
      for (const once of late) await once()
      expect(strange).toEqual([])

      for (const { name } of services()) {
        const target = suite.endpoints[name]!
        const isReady = async () =>
          (await healthCheck({ target, service: 'readiness', signal: AbortSignal.timeout(20_000) })) ===
          'SERVING'
        while (!(await isReady())) await delay(100)
      }
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
}
