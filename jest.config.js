// Undefined: all tests but those of a kind that has to be asked for.
const kind = process.env.TEST_KIND

export default {
  testMatch: [kind ? `**/*.${kind}.test.ts` : '**/*.test.ts'],
  testPathIgnorePatterns: [
    '/node_modules/',
    '<rootDir>/\\.',
    '<rootDir>/.*/(gen|generated)/',
    ...(kind ? [] : ['\\.(long|cluster)\\.test\\.ts$']),
  ],
  passWithNoTests: kind !== undefined,
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/tools/jest/strip.js' },
  globalSetup: '<rootDir>/tools/jest/setup.js',
  globalTeardown: '<rootDir>/tools/jest/teardown.js',
  reporters: ['default', '<rootDir>/tools/jest/reporter.js'],
  // A file whose tests `-t` leaves out all together never runs its afterAll, and what it opened would stay open.
  forceExit: true,
  // Tests wait more than they work: for processes to start, for health checks, for deadlines.
  maxWorkers: '100%',
  // A limit for what hangs, on a machine that has other things to do.
  testTimeout: kind ? 600_000 : 90_000,
  coverageProvider: 'v8',
  coveragePathIgnorePatterns: ['/node_modules/', '/gen/', '/generated/'],
}
