import type { Method } from '@quartet/proto/contract'

/** Whether a method is health's or reflection's: asked every second by machines, open to everybody, never refused. */
export const isInfrastructure = ({ path }: Method): boolean => path.startsWith('/grpc.')
