import { hash } from 'node:crypto'
import { status } from '@grpc/grpc-js'
import { RpcError } from './errors.ts'

/**
 * Makes the token for the page after `cursor` (the key of the last row). It is bound to the query, filters included:
 * another one would page through other rows.
 */
export const encodePageToken = (cursor: string, query: object): string =>
  Buffer.from(`${fingerprint(query)}${cursor}`).toString('base64url')

/**
 * Gives the cursor back; undefined for the empty token of a first page.
 *
 * @param isCursor tells a cursor of this method from what somebody made up: it goes into a query.
 * @throws RpcError INVALID_ARGUMENT PAGE_TOKEN_INVALID
 */
export const decodePageToken = (
  token: string,
  query: object,
  isCursor: (cursor: string) => boolean,
): string | undefined => {
  if (!token) return undefined
  const text = Buffer.from(token, 'base64url').toString()
  const cursor = text.slice(fingerprintLength)
  if (text.slice(0, fingerprintLength) !== fingerprint(query) || !isCursor(cursor))
    throw new RpcError(status.INVALID_ARGUMENT, 'PAGE_TOKEN_INVALID')
  return cursor
}

const fingerprintLength = 12

const fingerprint = (query: object) =>
  hash('sha256', JSON.stringify(query), 'base64').slice(0, fingerprintLength)
