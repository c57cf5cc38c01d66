import type { InstanceLog, InstanceStore } from '../account/ports.js';

const TOGETHER_MS = 1000;

/** When instances were connected, on its way to the store. */
export interface ConnectTimes {
  note(instance: string, time: Date): void;
  /** Stores what was noted. */
  flush(): Promise<void>;
}

/**
 * Stores connect times a second later, many in one transaction: a fleet that connects would wait for the disk a thousand
 * times. After a crash they are a little too old, and an instance on demand is connected a little sooner.
 */
export function connectTimes(
  store: Pick<InstanceStore, 'connected'>,
  log: Pick<InstanceLog, 'taskFailed'>,
): ConnectTimes {
  let noted = new Map<string, Date>();
  let timer: NodeJS.Timeout | undefined;

  async function flush() {
    clearTimeout(timer);
    timer = undefined;
    const [[instance] = ['']] = noted;
    const times = noted;
    noted = new Map();
    if (times.size === 0) return;
    await store
      .connected(times)
      .catch((cause: unknown) => log.taskFailed({ task: 'storing connect times', instance, cause }));
  }

  return {
    note(instance, time) {
      noted.set(instance, time);
      timer ??= setTimeout(() => void flush(), TOGETHER_MS).unref();
    },
    flush,
  };
}
