import { Metadata } from '@grpc/grpc-js'
import { clientAddress, networkOf } from './client-address.ts'

const forwarded = (value?: string) => {
  const metadata = new Metadata()
  if (value !== undefined) metadata.set('x-forwarded-for', value)
  return metadata
}

test.each([
  ['127.0.0.1:5000', '203.0.113.7', '203.0.113.7'],
  ['::ffff:10.1.2.3:5000', '1.1.1.1,203.0.113.7', '203.0.113.7'],
  ['fd00::1:5000', '2001:db8::7', '2001:db8::7'],
  ['172.31.0.9:5000', '::ffff:203.0.113.7', '203.0.113.7'],
  ['172.32.0.9:5000', '203.0.113.7', '172.32.0.9'],
  ['203.0.113.9:5000', '127.0.0.1', '203.0.113.9'],
  ['192.168.1.1:5000', undefined, '192.168.1.1'],
  ['192.168.1.1:5000', '', '192.168.1.1'],
  ['unknown', '203.0.113.7', 'unknown'],
])('from %s, which says %j, calls %s', (peer, header, expected) => {
  expect(clientAddress()(peer, forwarded(header))).toBe(expected)
})

test('only the proxies that were named are believed, once any are', () => {
  const of = clientAddress(['198.51.100.0/24', '2001:db8::5'])
  expect(of('198.51.100.77:1', forwarded('203.0.113.7'))).toBe('203.0.113.7')
  expect(of('2001:db8::5:1', forwarded('203.0.113.7'))).toBe('203.0.113.7')
  expect(of('127.0.0.1:1', forwarded('203.0.113.7'))).toBe('127.0.0.1')
  expect(clientAddress([])('127.0.0.1:1', forwarded('203.0.113.7'))).toBe('127.0.0.1')
})

test.each(['envoy', '10.0.0.0/33', '10.0.0', '10.0.0.0/', ''])('%j is no trusted proxy', (proxy) => {
  expect(() => clientAddress([proxy])).toThrow('is no trusted proxy')
})

test.each([
  ['203.0.113.7', '203.0.113.7'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:0DB8:0000::ffff:1', '2001:db8:0:0::/64'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
])('%s is in %s', (address, network) => {
  expect(networkOf(address)).toBe(network)
})
