import { beforeAll, expect, it } from 'vitest'
import { authenticate } from '../../../src/features/accounts/authenticate.ts'
import { aDomain, type Domain } from '../../support/domain.ts'
import { aDevice, personOf, sessionOf, signUp } from './devices.ts'

let domain: Domain
beforeAll(async () => {
  domain = await aDomain()
})

it('without credentials it is nobody, for as long as they like', async () => {
  for (const header of [undefined, null, '', '  ']) {
    expect(await authenticate(domain.services, header)).toMatchObject({ actor: { kind: 'nobody' }, expiresAt: null })
  }
})

it('knows who bears a token, and until when, however it is written', async () => {
  const device = aDevice(domain)
  const { accessToken, accessTokenExpiresAt } = await signUp(device)
  for (const header of [`Bearer ${accessToken}`, `bearer ${accessToken}`, `BEARER   ${accessToken} `, accessToken, ` ${accessToken}`]) {
    const { actor, expiresAt } = await authenticate(domain.services, header)
    expect(actor).toMatchObject({ kind: 'person', sessionId: sessionOf(device) })
    expect(actor.id('the test asks')).toBe(personOf(device))
    expect(expiresAt).toEqual(new Date(accessTokenExpiresAt))
  }
})

it('refuses what is no credential of ours', async () => {
  const device = aDevice(domain)
  const { accessToken, refreshToken } = await signUp(device)
  for (const header of [
    'Bearer',
    'Bearer  ',
    `Basic ${accessToken}`,
    `Bearer ${accessToken} more`,
    refreshToken,
    'nonsense',
    `Bearer ${accessToken}x`,
  ]) {
    await expect(authenticate(domain.services, header), header).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  }
})

it('refuses a token whose session has ended, from that moment on', async () => {
  const device = aDevice(domain)
  const { accessToken } = await signUp(device)
  await authenticate(domain.services, accessToken)
  await device.run('mutation { signOut { endedSessions } }')
  await expect(authenticate(domain.services, accessToken)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
})
