import { testEveryField } from './every-field.ts'

testEveryField({ throughEdge: false })
