/** What somebody without a good token did, or was refused. */
export type StrangerDeed =
  | 'token_missing'
  | 'token_bad'
  /** A call that its caller left before its token was looked up. */
  | 'call_left'
  /** A call that failed before: it is malformed, or tokens cannot be looked up. */
  | 'call_refused'
  /** A message that did not come in time, or a stream left open after its answer. */
  | 'call_half_open'
  | 'unknown_method'
  | 'health'
  | 'reflection'
  | 'reflection_refused'
  | 'health_watch_refused'
  /** Beyond those that an address or the process may have, or of an address that is refused for a flood. */
  | 'connection_refused'
  | 'connection_silent'
  | 'connection_flooding'
  /** Ended for what is no HTTP/2 or TLS, or no PROXY header. */
  | 'connection_broken';

/** Of one kind and address, since it was last told. */
export type StrangerDeeds = { readonly deed: StrangerDeed; readonly peer: string; readonly count: number };

/** Counts what strangers do. */
export type Strangers = {
  /** @param address As limits count it. */
  seen(deed: StrangerDeed, address: string): void;
  /** Tells what is still to be told. */
  stop(): void;
};

const PERIOD_MS = 60_000;
/** Kinds and addresses told apart in a period; what is beyond them is told together. */
const MOST = 200;

/**
 * Tells the first deed of a kind and address at once, and then every minute how many more there were: some 400 lines a
 * minute, whatever strangers do.
 */
export function strangers(tell: (deeds: StrangerDeeds) => void): Strangers {
  const known = new Map<string, { deed: StrangerDeed; peer: string; count: number }>();
  const others = new Map<StrangerDeed, number>();
  let timer: NodeJS.Timeout | undefined;

  function tellAll() {
    for (const [key, one] of known) {
      // Who was quiet for a period makes room.
      if (one.count === 0) known.delete(key);
      else tell({ ...one });
      one.count = 0;
    }
    for (const [deed, count] of others) tell({ deed, peer: 'others', count });
    others.clear();
    timer = known.size > 0 ? setTimeout(tellAll, PERIOD_MS).unref() : undefined;
  }

  return {
    seen(deed, peer) {
      const key = `${deed} ${peer}`;
      const one = known.get(key);
      if (one) one.count++;
      else if (known.size < MOST) {
        known.set(key, { deed, peer, count: 0 });
        tell({ deed, peer, count: 1 });
      } else others.set(deed, (others.get(deed) ?? 0) + 1);
      timer ??= setTimeout(tellAll, PERIOD_MS).unref();
    },
    stop() {
      clearTimeout(timer);
      tellAll();
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
