import type { Services } from '../../graphql/context.ts'
import { unauthenticated } from '../../lib/refusal.ts'

/** An account, as far as its password goes. */
export interface Account {
  readonly userId: string
  readonly passwordHash: string
}

/** What work answers that found another hash than the one the password was compared with, or no account any more. */
export const changedMeanwhile = Symbol('changed meanwhile')

/**
 * Does what needs the password. Comparing takes long and holds no lock, so `work` has to look once more, under the lock of the inbox; when
 * it finds the password changed, it is compared anew.
 */
export async function withRightPassword<Result>(
  { database, passwords }: Services,
  where: { user: { handle: string } } | { userId: string },
  password: string,
  work: (account: Account, rehash: () => Promise<string | undefined>) => Promise<Result | typeof changedMeanwhile>,
): Promise<Result> {
  for (;;) {
    const account = await database.prisma.account.findFirst({ where })
    if (!(await passwords.isRight(password, account?.passwordHash)) || !account) {
      // Who is signed in has named no handle.
      throw unauthenticated('user' in where ? 'Handle and password do not match.' : 'This is not the password of your account.')
    }
    const rehash = async () => (passwords.isOutdated(account.passwordHash) ? passwords.hash(password) : undefined)
    const result = await work(account, rehash)
    if (result !== changedMeanwhile) return result
  }
}
