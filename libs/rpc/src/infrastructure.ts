import { create } from '@bufbuild/protobuf'
import { People, PolicySchema, type Method } from '@quartet/proto/contract'

/** Whether a method is health's or reflection's: asked every second by machines, and open to everybody. */
export const isInfrastructure = ({ path }: Method): boolean => path.startsWith('/grpc.')

/**
 * Health and reflection come with contracts of their own, which know no policy. Inside the network both are open to
 * everybody; what one address has open, and for how long, is bounded as for any stream.
 */
export const withPolicy = (method: Method): Method =>
  isInfrastructure(method) ? { ...method, policy: method.kind === 'unary' ? once : stream } : method

const once = create(PolicySchema, { people: People.EVERYBODY, timeout: { seconds: 5n }, maxOpen: 100 })
const stream = create(PolicySchema, { people: People.EVERYBODY, timeout: { seconds: 3600n }, maxOpen: 100 })
