/**
 * `describe` for tests that need a part not every machine has ("Envoy", "Chromium", "Docker"). Where it is missing they
 * are skipped under its name, so that the summary can say what was not tested; with REQUIRE_ALL=1, which CI sets,
 * they fail instead.
 */
export const describeWith = (part: string, available: boolean, tests: () => void): void => {
  if (available) describe(part, tests)
  else if (process.env['REQUIRE_ALL'])
    test(`needs ${part}`, () => expect(`${part} on this machine`).toBe('there'))
  else describe.skip(`[needs ${part}]`, tests)
}
