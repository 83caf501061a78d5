import assert from 'node:assert/strict'
import { clientOf } from '../../../runtime/api/client-address.ts'

describe('the client of an address', () => {
  for (const [address, client] of [
    ['192.0.2.1', '192.0.2.1'],
    ['192.0.2.1:5678', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['[::ffff:192.0.2.1]:5678', '192.0.2.1'],
    ['2001:db8:0:1::1', '2001:db8:0:1::/64'],
    ['2001:DB8:0:1:ffff:ffff:ffff:ffff', '2001:db8:0:1::/64'],
    ['[2001:db8:0:1::1]', '2001:db8:0:1::/64'],
    ['[2001:db8:0:1::1]:443', '2001:db8:0:1::/64'],
    ['2001:db8::', '2001:db8:0:0::/64'],
    ['2001:db8:0:2::1', '2001:db8:0:2::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
    ['unknown', 'unknown'],
    ['_hidden:80', '_hidden'],
    ['x'.repeat(10_000), 'x'.repeat(45)],
    [`[${'x:'.repeat(10_000)}]`, 'x:'.repeat(23).slice(0, 45)],
  ] as const) {
    it(`${address.slice(0, 40)} is ${client.slice(0, 40)}`, () => assert.equal(clientOf(address), client))
  }
})
