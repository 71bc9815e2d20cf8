import { renderEnvoy } from '../envoy/render.ts'
import type { EdgeOptions } from './edge.ts'

// Renders Envoy's configuration for the options in its argument, and prints the arguments to start Envoy with.
const { args } = await renderEnvoy(JSON.parse(process.argv[2]!) as EdgeOptions)
console.log(JSON.stringify(args))
