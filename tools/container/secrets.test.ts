import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { secretsInFolder } from './secrets-in-folder.ts'
import { secretsInKubernetes } from './secrets-in-kubernetes.ts'
import { completed, makeSecrets } from './secrets.ts'

const services = ['user', 'order']

describe('what an installation needs', () => {
  test('each service knows its database and its own secret, and the user service knows all of them', () => {
    const secrets = completed({}, services)
    expect(secrets).toMatchObject({
      user: {
        'database-url': expect.stringMatching(/^postgresql:\/\/user:[\w-]{43}@postgres:5432\/quartet_user$/),
      },
      order: { 'service-secret': secrets['service-secrets']!['order'] },
      'service-secrets': { user: expect.any(String), order: expect.any(String) },
      postgres: { password: expect.any(String) },
    })
    expect(JSON.parse(secrets['user']!['demo-accounts.json']!)).toHaveLength(3)
    expect(secrets['order']).not.toHaveProperty('key-secret')
  })

  test('what is there stays, and a new service is added to it', () => {
    const before = completed({}, services)
    const after = completed(before, [...services, 'chat'])
    expect(after).toMatchObject(before)
    expect(after['chat']!['service-secret']).toBe(after['service-secrets']!['chat'])
  })
})

describe('in a folder', () => {
  let directory: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'quartet-secrets-'))
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  test('a file each; the second time nothing is made', async () => {
    const store = secretsInFolder(directory)
    expect(await makeSecrets(store, services)).toContain('postgres/password')
    const password = () => readFileSync(join(directory, 'postgres/password'), 'utf8')
    const first = password()
    expect(statSync(join(directory, 'postgres/password')).mode & 0o777).toBe(0o444)
    expect(await makeSecrets(store, services)).toEqual([])
    expect(password()).toBe(first)
  })

  test('one that was lost is made anew, and nothing else', async () => {
    const store = secretsInFolder(directory)
    await makeSecrets(store, services)
    rmSync(join(directory, 'user/key-secret'))
    expect(await makeSecrets(store, services)).toEqual(['user/key-secret'])
  })
})

describe('in Kubernetes', () => {
  /** The part of the API that is used, as its documentation has it. */
  const kept = new Map<string, Record<string, string>>()
  const requests: string[] = []
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const name = request.url!.replace('/api/v1/namespaces/quartet/secrets', '').slice(1)
    const answer = (status: number, body: object) => response.writeHead(status).end(JSON.stringify(body))
    if (request.headers.authorization !== 'Bearer t') return answer(403, { message: 'forbidden' })
    let text = ''
    for await (const chunk of request) text += chunk
    if (request.method === 'GET') {
      const data = kept.get(name)
      return data ? answer(200, { data }) : answer(404, { message: 'not found' })
    }
    const { metadata, data } = JSON.parse(text) as {
      metadata?: { name: string }
      data: Record<string, string>
    }
    requests.push(`${request.method} ${metadata?.name ?? name}`)
    if (request.method === 'POST') {
      if (kept.has(metadata!.name)) return answer(409, { message: 'exists' })
      kept.set(metadata!.name, data)
      return answer(201, { data })
    }
    kept.set(name, { ...kept.get(name), ...data })
    return answer(200, { data: kept.get(name)! })
  }
  const api = createServer((request, response) => void handle(request, response))
  let url: string
  beforeAll(async () => {
    await once(api.listen(0, '127.0.0.1'), 'listening')
    url = `http://127.0.0.1:${(api.address() as AddressInfo).port}`
  })
  afterAll(() => api.close())

  test('a Secret each; what is missing in one is added to it', async () => {
    kept.set('order', { 'database-url': Buffer.from('postgresql://elsewhere/db').toString('base64') })
    const store = secretsInKubernetes({ url, namespace: 'quartet', token: 't' })
    expect(await makeSecrets(store, services)).not.toContain('order/database-url')
    expect(requests).toEqual([
      'POST user',
      'POST order',
      'PATCH order',
      'POST service-secrets',
      'POST postgres',
    ])
    expect((await store.read(['order']))['order']).toMatchObject({
      'database-url': 'postgresql://elsewhere/db',
      'service-secret': expect.any(String),
    })
    expect(await makeSecrets(store, services)).toEqual([])
  })

  test('who lacks the right is told so', async () => {
    const store = secretsInKubernetes({ url, namespace: 'quartet', token: 'wrong' })
    await expect(makeSecrets(store, services)).rejects.toThrow('Kubernetes refuses the secrets: forbidden')
  })
})
