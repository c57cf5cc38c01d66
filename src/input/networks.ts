import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** `10.0.0.0/8, 2001:db8::7` as a list that tells what lies in it; undefined where an entry is none. */
export function networksIn(text: string): BlockList | undefined {
  const networks = new BlockList();
  for (const entry of text.split(',')) {
    const [address = '', prefix, ...others] = entry.trim().split('/');
    const family = isIPv4(address) ? 'ipv4' : isIPv6(address) ? 'ipv6' : undefined;
    if (!family || others.length > 0 || address.includes('%')) return undefined;
    const longest = family === 'ipv4' ? 32 : 128;
    if (prefix !== undefined && !(/^\d{1,3}$/.test(prefix) && Number(prefix) <= longest)) return undefined;
    networks.addSubnet(address, prefix === undefined ? longest : Number(prefix), family);
  }
  return networks;
}
