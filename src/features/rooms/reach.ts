import type { Services } from '../../graphql/context.ts'

/** Reaching people who did not ask for it is done at a limited rate. Never inside a transaction: the rates may be another server's. */
export async function reach(services: Services, person: string): Promise<void> {
  await services.rates.spend('reach', person)
}
