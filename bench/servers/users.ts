/** Of the users there are: so many that calls in flight ask for different ones. */
export const ids = Array.from(
  { length: 1_000 },
  (_, i) => `0190f3a2-7c1e-7b8a-9d2f-3e4a5b6c${i.toString(16).padStart(4, '0')}`,
)

/** A user as a database would give it; every server makes its messages of it, each time. */
const row = {
  name: 'Ada Lovelace',
  email: 'ada.lovelace@example.org',
  age: 36,
  role: 'EDITOR',
  plan: 'PRO',
  status: 'ACTIVE',
  tags: ['mathematics', 'analytical-engine'],
  metadata: { source: 'import', locale: 'en-GB', team: 'engine', cohort: '1843-09' },
  address: { streetAddress: "12 St James's Square", city: 'London', countryCode: 'GB' },
  version: 7,
  createdAt: '1767225600',
  updatedAt: '1767312000',
} as const

const stored = new Map(ids.map((id) => [id, { ...row, id }]))

export const user = (id = ids[0]!) => {
  const { version, createdAt, updatedAt, ...found } = stored.get(id)!
  return {
    ...found,
    role: `USER_ROLE_${found.role}` as const,
    plan: `USER_PLAN_${found.plan}` as const,
    status: `USER_STATUS_${found.status}` as const,
    tags: [...found.tags],
    etag: String(version),
    createdAt: { seconds: createdAt, nanos: 0 },
    updatedAt: { seconds: updatedAt, nanos: 0 },
  }
}

/** From the variables ROWS and PAGE: how many users StreamUsers sends, and how many of them in a message. */
export const rowsToStream = Number(process.env['ROWS'])
export const pageSize = Number(process.env['PAGE'])

/** The next page of a stream that has sent `from` rows. */
export const page = (from: number) =>
  Array.from({ length: Math.min(pageSize, rowsToStream - from) }, () => user())
