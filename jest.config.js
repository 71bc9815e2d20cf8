const long = Boolean(process.env.LONG)

export default {
  testMatch: [long ? '**/*.long.test.ts' : '**/*.test.ts'],
  testPathIgnorePatterns: [
    '/node_modules/',
    '<rootDir>/\\.',
    '<rootDir>/.*/(gen|generated)/',
    ...(long ? [] : ['\\.long\\.test\\.ts$']),
  ],
  passWithNoTests: long,
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/tools/jest/strip.js' },
  globalSetup: '<rootDir>/tools/jest/setup.js',
  globalTeardown: '<rootDir>/tools/jest/teardown.js',
  reporters: ['default', '<rootDir>/tools/jest/reporter.js'],
  // A file whose tests `-t` leaves out all together never runs its afterAll, and what it opened would stay open.
  forceExit: true,
  // A limit for what hangs, on a machine that has other things to do.
  testTimeout: long ? 600_000 : 90_000,
  coverageProvider: 'v8',
  coveragePathIgnorePatterns: ['/node_modules/', '/gen/', '/generated/'],
}
