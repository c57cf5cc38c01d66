import type { InstanceLog } from '../ports/ports.js';

const TOGETHER_MS = 1000;

/** When something happened to instances, on its way to the store. */
export interface NotedTimes {
  note(instance: string, time: Date): void;
  /** Stores what was noted; fulfils when all of it is. */
  flush(): Promise<void>;
}

/**
 * Stores times a second later, many in one transaction: a fleet that connects would wait for the disk a thousand times.
 * After a crash they are a little too old, and an instance on demand is connected a little sooner.
 */
export function notedTimes(
  store: (times: ReadonlyMap<string, Date>) => Promise<void>,
  log: Pick<InstanceLog, 'taskFailed'>,
): NotedTimes {
  let noted = new Map<string, Date>();
  let timer: NodeJS.Timeout | undefined;
  let storing = Promise.resolve();

  function flush() {
    clearTimeout(timer);
    timer = undefined;
    const [[instance] = ['']] = noted;
    const times = noted;
    noted = new Map();
    if (times.size > 0)
      storing = storing
        .then(() => store(times))
        .catch((cause: unknown) => log.taskFailed({ task: 'storing times', instance, cause }));
    return storing;
  }

  return {
    note(instance, time) {
      noted.set(instance, time);
      timer ??= setTimeout(() => void flush(), TOGETHER_MS).unref();
    },
    flush,
  };
}
