import { decodePageToken, encodePageToken } from './page-token.ts'

const isNumber = (cursor: string) => /^\d+$/.test(cursor)

test('a token gives its cursor back, for its own query only', () => {
  const token = encodePageToken('42', { role: 'ADMIN' })
  expect(decodePageToken(token, { role: 'ADMIN' }, isNumber)).toBe('42')
  expect(() => decodePageToken(token, { role: 'VIEWER' }, isNumber)).toThrow('page token invalid')
})

test('no token is the first page; what nobody issued is refused', () => {
  expect(decodePageToken('', {}, isNumber)).toBeUndefined()
  const forged = encodePageToken("'; drop table users", {})
  for (const token of ['x', '\u0000', 'a'.repeat(500), forged])
    expect(() => decodePageToken(token, {}, isNumber)).toThrow('page token invalid')
})
