import { type BlockList, isIPv4, isIPv6 } from 'node:net';

/** Hops that may tell whose connection or request they pass on. */
export type TrustedHops = {
  has(address: string): boolean;
  /**
   * Who made a request: of the `X-Forwarded-For` that came with it, the last address that no trusted hop has. For a
   * gateway; on a gRPC connection the PROXY protocol tells it, for whoever calls.
   */
  callerOf(peer: string, forwardedFor: string | undefined): string;
};

/** The hops within these networks. */
export function trustedHops(networks: BlockList): TrustedHops {
  const has = (address: string) => {
    const [bare = ''] = address.split('%');
    // Node finds an IPv4 address in IPv6 form among the IPv4 networks.
    return isIPv6(bare) ? networks.check(bare, 'ipv6') : isIPv4(bare) && networks.check(bare);
  };
  return {
    has,
    callerOf(peer, forwardedFor) {
      const told = forwardedFor?.split(',').map(withoutPort) ?? [];
      let caller = peer;
      while (has(caller)) {
        const before = told.pop();
        // What lies behind a hop that says nothing readable stays unknown.
        if (before === undefined) break;
        caller = before;
      }
      return caller;
    },
  };
}

/** The address of an entry, which some proxies write with a port; undefined where it is none. */
function withoutPort(entry: string): string | undefined {
  const text = entry.trim();
  const bare = /^\[(.*)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
  return isIPv4(bare) || isIPv6(bare) ? bare : undefined;
}
