import type { GraphQLSchema } from 'graphql'
import type { Attendance } from '../engine/attendance.ts'
import type { Bus } from '../engine/bus.ts'
import type { Services } from '../graphql/context.ts'
import type { Mask } from '../graphql/errors.ts'
import type { Live } from '../graphql/live.ts'
import type { Operations } from '../graphql/operations.ts'
import type { Logger } from '../lib/logger.ts'
import type { ServerLinks } from '../store/file-links.ts'
import type { Crowd } from './crowd.ts'

/** What serving needs, made by `createApp`. */
export interface ServerParts {
  readonly schema: GraphQLSchema
  readonly services: Services
  readonly operations: Operations
  readonly live: Live
  readonly attendance: Attendance
  readonly crowd: Crowd
  readonly links: ServerLinks
  readonly bus: Bus
  readonly mask: Mask
  readonly logger: Logger
  readonly settings: ServerSettings
}

/** Its part of the configuration. */
export interface ServerSettings {
  readonly host: string
  readonly port: number
  readonly publicUrl: string | undefined
  readonly corsOrigins: readonly string[]
  readonly trustProxy: 'on' | 'off'
  readonly bodyBytes: number
  readonly requestMs: number
  readonly frameBytes: number
  readonly subscriptionsPerSocket: number
  readonly operationCharacters: number
  readonly initWaitMs: number
  readonly pingMs: number
  readonly expiryGraceMs: number
  readonly slowBytes: number
  readonly stuckBytes: number
  readonly stuckMs: number
}
