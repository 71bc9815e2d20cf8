import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadConfig, type Schema } from '@quartet/service'
import { parse } from 'yaml'
import { envoyArguments } from '../envoy/render.ts'
import { services, workspace } from '../services.ts'

const read = (file: string) => readFileSync(join(workspace, file), 'utf8')
const names = services().map(({ name }) => name)
const dockerfile = read('Dockerfile')
const instructions = (name: string) =>
  dockerfile.split(/^(?=FROM )/m).find((stage) => stage.startsWith(`FROM service AS ${name}\n`))

test.each(services())('the Dockerfile makes an image of $name', ({ name, nodeOptions }) => {
  const [user] = instructions('user')!.split('\n\n')
  const [own] = instructions(name)!.split('\n\n')
  const [, options] = /^ENV NODE_OPTIONS=(.*)\n/m.exec(own!) ?? []
  expect(options).toBe(nodeOptions.join(' ') || undefined)
  expect(own).toContain(`COPY services/${name} .`)
  expect(own!.replace(/^(#|ENV).*\n/gm, '')).toBe(user!.replaceAll('user', name))
})

test('every base image is named once, at the top', () => {
  const [top] = dockerfile.split(/^FROM /m)
  const bases = [...top!.matchAll(/^ARG (\w+)=(\S+)$/gm)].map(([, name]) => `\${${name}}`)
  const stages = [...dockerfile.matchAll(/^FROM (?:--platform=\S+ )?(\S+) AS (\S+)$/gm)]
  const own = stages.map(([, , name]) => name)
  expect(stages.length).toBe([...dockerfile.matchAll(/^FROM /gm)].length)
  for (const [, base] of stages) expect([...bases, ...own]).toContain(base)
  // Both fetch from a registry what a build here need not have.
  expect(dockerfile).not.toMatch(/^# syntax=|@sha256/m)
})

test('the image of Envoy starts it as everywhere', () => {
  const [, command] = /^CMD (\["-c"[^\]]*\])/m.exec(dockerfile)!
  const given = JSON.parse(command!.replaceAll('\\\n', '')) as string[]
  expect(given.slice(0, envoyArguments.length)).toEqual(envoyArguments)
})

interface Container {
  image: string
  build?: object
  ports?: string[]
  networks?: string[]
  network_mode?: string
  environment?: Record<string, string>
  depends_on?: Record<string, { condition: string }>
}
const compose = parse(read('docker-compose.yml'), { merge: true }) as {
  services: Record<string, Container>
}

describe('docker-compose.yml', () => {
  const containers = Object.entries(compose.services)

  test.each(names)('starts %s once its database has its schema, and opens the port after it', (name) => {
    expect(compose.services[name]).toMatchObject({
      image: `quartet/${name}:0.1.0`,
      build: { target: name },
      restart: 'unless-stopped',
      healthcheck: { test: expect.arrayContaining(['/app/tools/container/health.ts']) },
      depends_on: { [`${name}-migration`]: { condition: 'service_completed_successfully' } },
    })
    expect(compose.services[`${name}-migration`]).toMatchObject({ image: `quartet/${name}:0.1.0` })
    expect(compose.services['welcome']!.depends_on).toHaveProperty(name, { condition: 'service_healthy' })
    expect(compose.services['databases']).toMatchObject({
      command: expect.arrayContaining([`/secrets/${name}/database-url`]),
    })
  })

  test.each(containers)('%s may do as little as it can', (_, container) => {
    expect(container).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      mem_limit: expect.anything(),
      cpus: expect.any(Number),
      restart: expect.any(String),
    })
    expect(container).not.toHaveProperty('privileged')
    expect(container.network_mode === 'none' || container.networks).toBeTruthy()
  })

  test('builds each image once, and fetches none of them', () => {
    const own = containers.filter(([, { image }]) => image.startsWith('quartet/'))
    for (const [, container] of own) expect(container).toMatchObject({ pull_policy: 'never' })
    expect(own.filter(([, { build }]) => build).map(([name]) => name)).toEqual([...names, 'envoy'])
    const built = own.filter(([, { build }]) => build).map(([, { image }]) => image)
    expect(new Set(own.map(([, { image }]) => image))).toEqual(new Set(built))
  })

  test('makes the images that a release has', () => {
    const [, list] = /matrix\s*= { image = (\[.*\]) }/.exec(read('docker-bake.hcl'))!
    expect(JSON.parse(list!)).toEqual([...names, 'envoy'])
  })

  test('makes the images that the Kubernetes demo uses', () => {
    const release = read('k8s/release/kustomization.yaml')
    const { images } = parse(release) as { images: { newName: string; newTag: string }[] }
    const built = new Set(containers.map(([, { image }]) => image).filter((image) => image !== 'postgres:18'))
    expect([...built].toSorted()).toEqual(
      images.map(({ newName, newTag }) => `${newName}:${newTag}`).toSorted(),
    )
  })

  test('publishes one port, on loopback', () => {
    const published = containers.flatMap(([name, { ports = [] }]) => ports.map((port) => [name, port]))
    expect(published).toEqual([['envoy', '127.0.0.1:${QUARTET_PORT:-8080}:8080']])
  })

  test.each(names)('%s accepts its environment and knows all of it', async (name) => {
    const { schema } = (await import(join(workspace, 'services', name, 'src/config.ts'))) as {
      schema: Schema
    }
    const { DATABASE_URL_FILE: file, ...given } = compose.services[name]!.environment!
    expect(file).toBe('/run/secrets/quartet/database-url')
    const environment = Object.fromEntries(Object.entries(given).map(([key, value]) => [key, String(value)]))
    // What is in that file.
    const url = `postgresql://${name}:secret@postgres:5432/quartet_${name}`
    expect(() => loadConfig(schema, { ...environment, DATABASE_URL: url })).not.toThrow()
    expect(Object.keys(environment).filter((variable) => !(variable in schema))).toEqual([])
  })
})
