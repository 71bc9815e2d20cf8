import { hysteresis } from './hysteresis.ts'

test('one long turn is no overload, two are; the end of it takes a while', () => {
  const isOverloaded = hysteresis(100)
  const said = [150, 0, 150, 150, 0, 0, 0, 0, 60, 0, 0, 0, 0, 0, 0].map((ms) =>
    isOverloaded(ms) ? 'x' : '.',
  )
  expect(said.join('')).toBe('...xxxxxxxxxx..')
})
