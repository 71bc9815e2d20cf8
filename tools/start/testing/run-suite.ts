import { startSuite } from '../suite.ts'
import { fakeService } from './fake-service.ts'

// Runs a suite in the folder that is its argument and prints what processes it has, until it is killed or the
// test that started it is gone, with its end of the pipe.
process.stdin.resume().on('end', () => process.exit())

const suite = await startSuite({
  directory: process.argv[2]!,
  services: [fakeService('user')],
  environment: process.env,
  edge: 0,
  envoy: { missing: 'This suite runs without one.' },
  durable: false,
})
console.log(JSON.stringify(suite.processes()))
