import type { Outcome, OutcomeState } from '../../domain/outcome.js';
import { SETTING_NAMES, type Setting } from '../../domain/settings/settings-table.js';
import { changedSettings, reportedValue, type Snapshot } from '../../domain/settings/snapshot.js';
import type { Change } from '../../domain/settings/waves.js';
import type { UpdateOrder } from './orders.js';
import type { ChangeLog, ChangeRecord, InstanceLog, Origin, Origins } from './ports.js';

/** Keeps the history of one account: what this service tried, and what it saw other devices do. */
export interface History {
  /** A change leaves for WhatsApp: seeing its value later is no news. */
  sending(change: Change): void;
  /** Records what became of an update; durable when it fulfils. */
  ended(order: Pick<UpdateOrder, 'actor' | 'requestId'>, outcomes: readonly Outcome[]): Promise<void>;
  /** Compares two reads, tells whose the changes are, and records those of other devices. */
  observed(before: Snapshot, after: Snapshot): Origins;
}

/** The outcomes of settings that were tried. */
const TRIED: readonly OutcomeState[] = ['APPLIED', 'FAILED', 'UNKNOWN', 'ROLLED_BACK'];

/** The history of one instance, kept in the log. A log that fails is said and stops nothing: the changes are made. */
export function history(instance: string, changes: ChangeLog, log: InstanceLog): History {
  /** The values this service sent and no read has shown yet, each once, in the order last sent. */
  const own = new Map<Setting, string[]>();

  const append = (records: ChangeRecord[]): Promise<void> =>
    changes
      .append(records)
      .catch((cause: unknown) => log.taskFailed({ task: 'storing the history', instance, cause }));

  /** Whether this service sent the value; if so, what it sent earlier will not show any more. */
  function takeOwn(setting: Setting, value: string | undefined): boolean {
    const sent = own.get(setting) ?? [];
    const index = value === undefined ? -1 : sent.indexOf(value);
    if (index >= 0) own.set(setting, sent.slice(index + 1));
    return index >= 0;
  }

  return {
    sending({ setting, to }) {
      own.set(setting, [...(own.get(setting) ?? []).filter(value => value !== to), to]);
    },
    async ended({ actor, requestId }, outcomes) {
      const time = new Date();
      // What WhatsApp refused is somebody else's when it shows one day; what it did not answer may come late.
      for (const { setting, state, cause } of outcomes)
        if (state === 'FAILED' && cause?.reason !== 'WHATSAPP_TIMEOUT') own.delete(setting);
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
      const ownNow = SETTING_NAMES.filter(setting => takeOwn(setting, reportedValue(after, setting)));
      const origins = new Map<Setting, Origin>(
        changedSettings(before, after).map(setting => [
          setting,
          ownNow.includes(setting) ? 'THIS_SERVICE' : 'OTHER_DEVICE',
        ]),
      );
      const foreign = [...origins.keys()].filter(setting => origins.get(setting) === 'OTHER_DEVICE');
      if (foreign.length === 0) return origins;
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
      return origins;
    },
  };
}
