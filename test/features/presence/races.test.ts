import { expect, it } from 'vitest'
import { forgetPresenceIn } from '../../../src/features/presence/closing.ts'
import { writeSeen } from '../../../src/features/presence/queries.ts'
import type { Transaction } from '../../../src/store/transact.ts'
import { createDomain } from '../../support/domain.ts'
import { during } from '../../support/during.ts'
import { sharedPostgres } from '../../support/postgres.ts'
import { describeWith } from '../../support/services.ts'

describeWith(['postgres'], 'presence, while something else is written', () => {
  it('keeps nothing of somebody who is seen while their account is being closed', async () => {
    const domain = await createDomain(await (await sharedPostgres()).createDatabase())
    const { prisma, sql, close } = domain.database
    const { id } = await domain.aPerson('Ann')
    await writeSeen(sql, [[id, new Date()]])
    const closeAccount = async (tx: Transaction) => {
      await tx.rows.user.update({ where: { id }, data: { deletedAt: tx.at } })
      await forgetPresenceIn(tx, id)
    }
    await during(domain, [id], closeAccount, () => writeSeen(sql, [[id, new Date()]]))
    expect(await prisma.presence.count()).toBe(0)
    await close()
  })
})
