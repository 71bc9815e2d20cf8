import { describeWith } from '@quartet/testing'
import { hasEnvoy } from '../suite.ts'
import { testEveryField } from './every-field.ts'

describeWith('Envoy', hasEnvoy, () => testEveryField({ throughEdge: true }))
