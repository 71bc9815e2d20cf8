import { readOptions } from './options.ts'

test('arguments and variables', () => {
  expect(readOptions([], {})).toEqual({ help: false, fresh: false, watch: false, mtls: false })
  expect(readOptions(['--fresh', '--watch', '--mtls', '--port', '0'], { EDGE_PORT: '9' })).toMatchObject({
    fresh: true,
    watch: true,
    mtls: true,
    edge: 0,
  })
  expect(readOptions([], { EDGE_PORT: '9090', DATABASE_URL: 'postgresql://db/' })).toMatchObject({
    edge: 9090,
    databaseUrl: 'postgresql://db/',
  })
})

test.each([
  [['--prot', '1'], "Unknown option '--prot'. npm start -- --help shows the options."],
  [['fresh'], "Unexpected argument 'fresh'. npm start -- --help shows the options."],
  [['--port'], "Option '--port <value>' argument missing. npm start -- --help shows the options."],
  [['--port', '8o80'], '--port is "8o80": it must be a port, 0 to 65535 (0: any free one).'],
  [['--port', '65536'], '--port is "65536": it must be a port, 0 to 65535 (0: any free one).'],
])('%j is refused in one line', (args, message) => {
  expect(() => readOptions(args, {})).toThrow(message)
})

test('--fresh with a server of one’s own is refused: it would forget other data than is meant', () => {
  const environment = { DATABASE_URL: 'postgresql://u:p@127.0.0.1/postgres' }
  expect(() => readOptions(['--fresh'], environment)).toThrow('leave one of them out')
})
