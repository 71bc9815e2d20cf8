import { Metadata } from '@grpc/grpc-js'
import { AuthService } from '@quartet/proto/auth'
import { codecOf } from '@quartet/proto/codec'
import { connect } from '../load.ts'
import { serving } from './serving.ts'

/**
 * People who sign in at the service on the port TARGET, each with an address and a password that are wrong: as many at once as
 * the process is told. Whoever has no answer after PATIENCE milliseconds gives up.
 */
const method = AuthService.methods.find(({ name }) => name === 'SignIn')!
const codec = codecOf(method)
const client = connect(Number(process.env['TARGET']))
const bytes = (message: Buffer) => message
let people = 0

const signIn = (deadline: number) =>
  new Promise<void>((resolve) => {
    const request = codec.requestSerialize({ email: `${people++}@example.org`, password: 'wrong' })
    client.makeUnaryRequest(method.path, bytes, bytes, request, new Metadata(), { deadline }, () => resolve())
  })

serving(0, (amount) => {
  const deadline = Date.now() + Number(process.env['PATIENCE'])
  return Promise.all(Array.from({ length: amount }, () => signIn(deadline)))
})
