import { isIPv6 } from 'node:net';

/** The part of an IPv6 address that one customer of a network has; within it, addresses cost nothing. */
const GROUPS_OF_NETWORK = 4;

/**
 * What limits count an address as: an IPv4 address as it is, of an IPv6 address its network of 64 bits.
 *
 * @param address As a socket tells it, also an IPv4 address in IPv6 form and with a zone.
 */
export function countedAddress(address: string): string {
  const [bare = ''] = address.split('%');
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare) ?? [];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(bare)) return bare;
  const [head = '', tail] = bare.split('::');
  const groups = head === '' ? [] : head.split(':');
  const rest = tail ? tail.split(':') : [];
  const zeros = tail === undefined ? 0 : 8 - groups.length - rest.length;
  const all = [...groups, ...Array<string>(zeros).fill('0'), ...rest];
  return `${all.slice(0, GROUPS_OF_NETWORK).map(shortest).join(':')}::/64`;
}

const shortest = (group: string) => Number.parseInt(group, 16).toString(16);

/** What limits count the caller as. */
export const peerOf = (call: { getPeer(): string }): string =>
  countedAddress(call.getPeer().replace(/:\d+$/, ''));
