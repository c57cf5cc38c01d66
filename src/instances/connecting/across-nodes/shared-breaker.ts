import { holdOf } from '../../../domain/disconnect.js';
import type { HoldStore } from '../../../domain/nodes/shared.js';
import type { InstanceLog } from '../../ports/ports.js';
import { type Breaker, type Dialling, type OwnBreaker, PROBE_EVERY_MS } from '../breaker.js';

/**
 * The breaker of a node among several: what holds one of them holds all, and of all one instance tries whether this client
 * is accepted again. Where the database cannot be asked the node goes by what it knows, and tries nothing.
 */
export function sharedBreaker(
  own: OwnBreaker,
  holds: HoldStore,
  log: Pick<InstanceLog, 'taskFailed'>,
): Breaker {
  let last: Promise<unknown> = Promise.resolve();
  /** What was written is read again before anything is adopted: else this node would forget what it has not written yet. */
  let unwritten = 0;

  const tell = (cause: unknown) =>
    log.taskFailed({ task: 'sharing what holds the dials', instance: '', cause });

  /** In the order in which it happened here. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  }

  function look(): void {
    inTurn(async () => {
      const told = await holds.load();
      if (unwritten === 0) own.adopt(told);
    }).catch(tell);
  }

  function write(change: () => Promise<void>): void {
    unwritten++;
    inTurn(change)
      .catch(tell)
      .finally(() => {
        unwritten--;
        look();
      });
  }

  async function probe(): Promise<Dialling> {
    const mayTry = await inTurn(() => holds.probe(PROBE_EVERY_MS)).catch(tell);
    if (mayTry) return 'probe';
    look();
    return 'held';
  }

  holds.onChange(look);
  look();

  return {
    hold: own.hold,
    dialling: () => (own.dialling() === 'probe' ? probe() : 'freely'),
    accepted() {
      const wasRefused = own.ongoing('until_accepted') !== undefined;
      own.accepted();
      if (wasRefused) write(holds.accepted);
    },
    failed(cause) {
      const kind = holdOf(cause);
      const wasHeld = kind && (own.ongoing(kind)?.leftMs ?? 0) > 0;
      own.failed(cause);
      const hold = kind && own.ongoing(kind);
      if (hold && !wasHeld) write(() => holds.save(hold));
    },
    renewed() {
      own.renewed();
      if (own.ongoing('until_accepted')) write(holds.probeSoon);
    },
    listen: own.listen,
  };
}
