/** The connections of a node that nobody needs at present. */
export interface IdleConnections {
  /** Ends one with `end`, unless it is taken out before: after the idle time, or earlier when there are too many. */
  add(end: () => void): void;
  remove(end: () => void): void;
}

/**
 * Keeps connections a while in case they are needed again.
 *
 * @param most At most so many are kept; the one idle longest goes first.
 */
export function idleConnections({ idleMs, most }: { idleMs: number; most: number }): IdleConnections {
  // In the order in which they became idle.
  const timers = new Map<() => void, NodeJS.Timeout>();

  function remove(end: () => void) {
    clearTimeout(timers.get(end));
    timers.delete(end);
  }

  function finish(end: () => void) {
    remove(end);
    end();
  }

  return {
    add(end) {
      if (timers.has(end)) return;
      timers.set(end, setTimeout(finish, idleMs, end).unref());
      const [longest] = timers.keys();
      if (timers.size > most && longest) finish(longest);
    },
    remove,
  };
}
