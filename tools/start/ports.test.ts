import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { freePort } from '../ports.ts'
import { choosePorts } from './ports.ts'
import { fakeService } from './testing/fake-service.ts'

const services = [fakeService('user'), fakeService('order')]

test('an edge of 0 moves every port to a free one of its own, but for those with a variable', async () => {
  const free = await freePort()
  const environment = { ORDER_PORT: String(free) }
  const ports = await choosePorts({ services, edge: 0, embedded: true, environment })
  expect(Object.keys(ports)).toEqual(['edge', 'user', 'order', 'postgres', 'edge-admin', 'edge-metrics'])
  expect(ports['order']).toBe(free)
  const others = Object.values(ports).filter((port) => port !== free)
  expect(new Set(others).size).toBe(5)
  expect(others.every((port) => port > 1023)).toBe(true)
})

test('metrics of the services, where they are asked for, are on ports in a row', async () => {
  const choose = async (METRICS_PORT: number, edge: number) => {
    const elsewhere = { USER_PORT: '0', ORDER_PORT: '0', EDGE_ADMIN_PORT: '0', EDGE_METRICS_PORT: '0' }
    const environment = { ...elsewhere, METRICS_PORT: String(METRICS_PORT) }
    return choosePorts({ services, edge, embedded: false, environment })
  }
  const first = await freePort()
  expect(await choose(first, await freePort())).toMatchObject({
    'user-metrics': first,
    'order-metrics': first + 1,
  })
  const free = await choose(first, 0)
  expect(free['user-metrics']).not.toBe(free['order-metrics'])
})

test('every port that cannot be had is named, with what moves it', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const twice = String(await freePort())
  const environment = { USER_PORT: String(port), ORDER_PORT: twice, POSTGRES_PORT: twice }
  const refusal = await choosePorts({ services, edge: 0, embedded: true, environment }).catch(
    (error) => error,
  )
  server.close()
  expect(refusal.message.split('\n')).toEqual([
    expect.stringContaining(`Port ${port} of user is in use. Move it: USER_PORT=0 npm start.`),
    expect.stringContaining(
      `Port ${twice} of postgres is also that of order. Move it: POSTGRES_PORT=0 npm start.`,
    ),
  ])
})

test('a variable that is no port is named', async () => {
  const choice = { services, embedded: false, environment: { USER_PORT: 'tcp://10.0.0.1:80' } }
  await expect(choosePorts(choice)).rejects.toThrow('USER_PORT is "tcp://10.0.0.1:80": it must be a port')
})
