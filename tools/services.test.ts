import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { services } from './services.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'quartet-services-'))
})
afterEach(() => rmSync(root, { recursive: true }))

const project = (name: string, manifest: object) => {
  mkdirSync(join(root, 'services', name), { recursive: true })
  writeFileSync(join(root, 'services', name, 'package.json'), JSON.stringify(manifest))
}
const nx = { tags: ['type:service'] }

test('lists what is tagged as a service, in the order of the ports', () => {
  project('order', {
    nx,
    quartet: { port: 50052, serves: ['quartet.order.v1.OrderService'], nodeOptions: ['--a'] },
  })
  project('user', { nx, quartet: { port: 50051, serves: ['quartet.user.v1.UserService'] } })
  project('notes', { nx: { tags: [] } })

  expect(services(root)).toEqual([
    {
      name: 'user',
      folder: join(root, 'services/user'),
      port: 50051,
      serves: ['quartet.user.v1.UserService'],
      nodeOptions: [],
    },
    {
      name: 'order',
      folder: join(root, 'services/order'),
      port: 50052,
      serves: ['quartet.order.v1.OrderService'],
      nodeOptions: ['--a'],
    },
  ])
})

test('a service that does not say where it listens or what it serves is named', () => {
  project('chat', { nx, quartet: { port: 50054 } })
  expect(() => services(root)).toThrow(/services\/chat\/package\.json needs "quartet"/)
})
