import { BlockList, isIP, isIPv6 } from 'node:net'
import type { Metadata } from '@grpc/grpc-js'

/**
 * Whose word about a caller's address counts unless a server is told: this machine's and those of private networks
 * (RFC 1918, RFC 4193, link-local), where a proxy of one's own is.
 */
const privateNetworks = [
  '127.0.0.0/8',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
  '::1/128',
  'fc00::/7',
  'fe80::/10',
]

/** Finds the address that a call comes from, by what its connection's other end is and what that says. */
export type ClientAddress = (peer: string, metadata: Metadata) => string

/**
 * Behind a proxy the other end of the connection is the proxy, which appends whom it serves to x-forwarded-for. Anyone can
 * send that header, so it is believed from trusted proxies only, and of it only the last address, which is their own word.
 *
 * @param proxies addresses ("10.1.2.3") and networks ("10.0.0.0/8"); private networks unless given.
 * @throws Error in one line for what is neither.
 */
export const clientAddress = (proxies: readonly string[] = privateNetworks): ClientAddress => {
  const trusted = new BlockList()
  for (const proxy of proxies) {
    const [, address = '', prefix] = /^([^/]+)(?:\/(\d+))?$/.exec(proxy) ?? []
    const version = isIP(address)
    const bits = version === 6 ? 128 : 32
    if (!version || Number(prefix ?? bits) > bits)
      throw new Error(
        `TRUSTED_PROXIES: ${proxy} is no trusted proxy: an IP address or a network like 10.0.0.0/8 is`,
      )
    trusted.addSubnet(address, Number(prefix ?? bits), version === 6 ? 'ipv6' : 'ipv4')
  }
  return (peer, metadata) => {
    const address = unmapped(peer.replace(/:\d+$/, ''))
    if (!isIP(address) || !trusted.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')) return address
    const forwarded = String(metadata.get('x-forwarded-for').at(-1) ?? '')
    return unmapped(forwarded.slice(forwarded.lastIndexOf(',') + 1).trim()) || address
  }
}

/** An IPv4 address as such, also where a socket for both kinds has it as "::ffff:127.0.0.1". */
const unmapped = (address: string) => address.replace(/^::ffff:(?=\d+\.)/i, '')

/** What belongs to one caller: of IPv6 the first 64 bits, since whoever has one address there has them all. */
export const networkOf = (address: string): string => {
  if (!isIPv6(address)) return address
  const [head = '', tail] = address.split('::')
  const groups = head ? head.split(':') : []
  const behind = tail ? tail.split(':').length : 0
  if (tail !== undefined)
    groups.push(...Array<string>(8 - groups.length - behind).fill('0'), ...tail.split(':'))
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}
