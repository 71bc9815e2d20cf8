import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import { turns } from '@quartet/rpc'

/** OWASP's password storage cheat sheet: argon2id with 19 MiB, two passes, one lane. About 30 ms of one core. */
const memory = 19 * 1024
const passes = 2
const parallelism = 1
/**
 * Half of the cores at most, so that a flood of sign-ins leaves the other half to all other calls, and two at most, because
 * more would take the threads that DNS and files need. More in line would wait in vain.
 */
const inTurn = turns({ atOnce: availableParallelism() < 4 ? 1 : 2, maxWaiting: 100 })

/**
 * Hashes a password into a PHC string, which names its parameters: later ones can differ.
 * @throws the reason of `signal` when it aborts before it is this one's turn; RpcError RESOURCE_EXHAUSTED when too many
 * wait.
 */
export const hashPassword = async (password: string, signal?: AbortSignal): Promise<string> => {
  const salt = randomBytes(16)
  const digest = await inTurn(() => derive(password, salt, { memory, passes, parallelism }), signal)
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${base64(salt)}$${base64(digest)}`
}

/**
 * Whether the password is the one that was hashed. Takes as long where there is no hash (no such user, no password
 * yet), so that the time tells nobody which addresses have accounts. Throws as `hashPassword` does.
 *
 * @param hashOf gives what was hashed, when it is this one's turn: who waits in line, or is refused, has not been to the
 * database, and takes no connection from others.
 */
export const verifyPassword = (
  password: string,
  hashOf: () => Promise<string | null | undefined>,
  signal?: AbortSignal,
): Promise<boolean> => inTurn(async () => matches(password, await hashOf()), signal)

const matches = async (password: string, phc: string | null | undefined): Promise<boolean> => {
  const known = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([^$]+)\$([^$]+)$/.exec(phc ?? '')
  const [, m, t, p, salt, digest] = known ?? nobody
  const parameters = { memory: Number(m), passes: Number(t), parallelism: Number(p) }
  const expected = Buffer.from(digest!, 'base64')
  const actual = await derive(password, Buffer.from(salt!, 'base64'), parameters)
  return known !== null && timingSafeEqual(actual, expected)
}

const nobody = ['', memory, passes, parallelism, base64(Buffer.alloc(16)), base64(Buffer.alloc(32))].map(
  String,
)

function base64(bytes: Buffer) {
  return bytes.toString('base64').replace(/=+$/, '')
}

const derive = (
  password: string,
  nonce: Buffer,
  parameters: { memory: number; passes: number; parallelism: number },
): Promise<Buffer> =>
  promisify(argon2)('argon2id', {
    // NFKC, so that the same characters typed on two keyboards are the same password (NIST SP 800-63B).
    message: password.normalize('NFKC'),
    nonce,
    tagLength: 32,
    ...parameters,
  })
