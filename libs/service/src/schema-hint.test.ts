import { pino } from 'pino'
import { schemaHint } from './schema-hint.ts'

test('a call that fails for a missing column says what to do, once', () => {
  const lines: string[] = []
  const hint = schemaHint('user', pino({}, { write: (line: string) => lines.push(line) }))
  const end = (error?: unknown) => hint.onEnd!({} as never, { code: error ? 13 : 0, error })
  end()
  end(new Error('something else'))
  expect(lines).toEqual([])
  end(Object.assign(new Error('no column'), { code: '42703' }))
  end(Object.assign(new Error('no column'), { code: '42703' }))
  expect(lines).toHaveLength(1)
  expect(lines[0]).toContain('npm run db:new -- user')
})
