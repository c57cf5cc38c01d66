import type { Outcome, OutcomeState } from '../domain/outcome.js';
import type { Setting } from '../domain/settings-table.js';
import { changedSettings, reportedValue, type Snapshot } from '../domain/snapshot.js';
import type { Change } from '../domain/waves.js';
import type { UpdateOrder } from './instances.js';
import type { ChangeLog, ChangeRecord, InstanceLog } from './ports.js';

/** Keeps the history of one account: what this service tried, and what it saw other devices do. */
export interface History {
  /** A change leaves for WhatsApp: seeing its value later is no news. */
  sending(change: Change): void;
  /** Records what became of an update; durable when it fulfils. */
  ended(order: UpdateOrder, outcomes: readonly Outcome[]): Promise<void>;
  /** Compares two reads and records what this service did not do. */
  observed(before: Snapshot, after: Snapshot): void;
}

/** The outcomes of settings that were tried. */
const TRIED: readonly OutcomeState[] = ['APPLIED', 'FAILED', 'UNKNOWN', 'ROLLED_BACK'];

/** The history of one instance, kept in the log. A log that fails is said and stops nothing: the changes are made. */
export function history(instance: string, changes: ChangeLog, log: InstanceLog): History {
  /** The values this service sent and no read has shown or outdated yet. */
  const own = new Map<Setting, Set<string>>();

  const append = (records: ChangeRecord[]): Promise<void> =>
    changes
      .append(records)
      .catch((cause: unknown) => log.taskFailed({ task: 'storing the history', instance, cause }));

  return {
    sending({ setting, to }) {
      own.set(setting, (own.get(setting) ?? new Set()).add(to));
    },
    async ended({ actor, requestId }, outcomes) {
      const time = new Date();
      const tried = outcomes.filter(({ state }) => TRIED.includes(state));
      if (tried.length === 0) return;
      await append(
        tried.map(({ setting, previous, requested, state, cause }) => ({
          instance,
          time,
          actor,
          origin: 'THIS_SERVICE',
          setting,
          oldValue: previous,
          newValue: requested,
          outcome: state,
          requestId,
          whatsappCode: cause?.whatsappCode,
        })),
      );
    },
    observed(before, after) {
      const foreign = changedSettings(before, after).filter(setting => {
        const value = reportedValue(after, setting) ?? '';
        return !own.get(setting)?.has(value);
      });
      for (const setting of foreign) own.delete(setting);
      if (foreign.length === 0) return;
      void append(
        foreign.map(setting => ({
          instance,
          time: after.observedAt,
          actor: undefined,
          origin: 'OTHER_DEVICE',
          setting,
          oldValue: reportedValue(before, setting),
          newValue: reportedValue(after, setting) ?? '',
          outcome: 'APPLIED',
          requestId: '',
          whatsappCode: undefined,
        })),
      );
    },
  };
}
