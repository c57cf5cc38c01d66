import { expect, test } from 'vitest';
import { trustedHops } from '../../../src/grpc/peers/trusted-hops.js';
import { networksIn } from '../../../src/input/networks.js';

const networks = networksIn('10.0.0.0/8, fd00::/8');
if (!networks) throw new Error('no networks');
const hops = trustedHops(networks);

test.each([
  ['10.1.2.3', true],
  ['::ffff:10.1.2.3', true],
  ['fd00::1%eth0', true],
  ['192.0.2.7', false],
  ['::1', false],
  ['', false],
])('%s is trusted: %s', (address, isTrusted) => {
  expect(hops.has(address)).toBe(isTrusted);
});

test.each([
  ['of nobody trusted, whatever it tells', '192.0.2.9', '198.51.100.1', '192.0.2.9'],
  ['of a hop that tells nothing', '10.0.0.1', undefined, '10.0.0.1'],
  ['of a hop', '10.0.0.1', '198.51.100.1', '198.51.100.1'],
  [
    'of a hop, with what the caller told before',
    '10.0.0.1',
    '127.0.0.1, 10.9.9.9, 198.51.100.1',
    '198.51.100.1',
  ],
  ['of a hop behind a hop', 'fd00::1', '203.0.113.5,198.51.100.1 , 10.0.0.2', '198.51.100.1'],
  ['with ports', '10.0.0.1', '[2001:db8::7]:443, 10.0.0.2:80', '2001:db8::7'],
  ['of hops only', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
  ['of what is no address', '10.0.0.1', '198.51.100.1, unknown', '10.0.0.1'],
])('the caller is found: %s', (_, peer, forwardedFor, caller) => {
  expect(hops.callerOf(peer, forwardedFor)).toBe(caller);
});
