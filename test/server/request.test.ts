import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { addressOf } from '../../src/server/request.ts'

const from = (remoteAddress: string | undefined, forwarded?: string) =>
  ({
    headers: { ...(forwarded !== undefined && { 'x-forwarded-for': forwarded }) },
    socket: { remoteAddress },
  }) as unknown as IncomingMessage

describe('the address that attempts are counted by', () => {
  it('is the one that the connection has, whatever the request claims', () => {
    expect(addressOf(from('10.0.0.1', '1.2.3.4'), 'off')).toBe('10.0.0.1')
    expect(addressOf(from(undefined), 'off')).toBe('unknown')
  })

  it('is the last that a trusted proxy wrote, without its port, and only if it is one', () => {
    for (const written of ['1.2.3.4', '6.6.6.6, 1.2.3.4', 'nonsense,1.2.3.4:5678', ' ::ffff:1.2.3.4 '])
      expect(addressOf(from('10.0.0.1', written), 'on')).toBe('1.2.3.4')
    for (const written of ['', 'nonsense', '1.2.3.4, ', 'x'.repeat(10_000)])
      expect(addressOf(from('10.0.0.1', written), 'on')).toBe('10.0.0.1')
  })

  it('is of IPv6 the network: its other addresses are the same person’s', () => {
    const written = [
      '2001:db8::1',
      '2001:0DB8:0:0:1:2:3:4',
      '[2001:db8::7]:443',
      '[2001:db8::ffff:7]',
      '2001:db8::1.2.3.4',
      '2001:db8::1%eth0',
    ]
    expect(new Set(written.map((one) => addressOf(from('10.0.0.1', one), 'on')))).toEqual(new Set(['2001:db8:0:0::/64']))
    expect(addressOf(from('2001:db8:0:1::1'), 'off')).toBe('2001:db8:0:1::/64')
    expect(addressOf(from('::1'), 'off')).toBe('0:0:0:0::/64')
    expect(addressOf(from('::ffff:10.0.0.1'), 'off')).toBe('10.0.0.1')
  })
})
