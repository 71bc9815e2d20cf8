import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { serving } from './serving.ts'

/** A TCP proxy to port TARGET that holds every byte back for DELAY milliseconds, each way. It drops nothing. */
const delay = Number(process.env['DELAY'])

const forward = (from: Socket, to: Socket) => {
  from.on('data', (bytes) => setTimeout(() => to.write(bytes), delay))
  from.on('end', () => setTimeout(() => to.end(), delay))
  from.on('error', () => to.destroy())
}

const server = createServer((near) => {
  const far = connect(Number(process.env['TARGET']), '127.0.0.1')
  forward(near, far)
  forward(far, near)
})
server.listen(0, '127.0.0.1', () => serving((server.address() as AddressInfo).port))
