import type { Author } from '../../domain/author.js';
import type { Outcome, OutcomeState } from '../../domain/outcome.js';
import { SETTING_NAMES, type Setting } from '../../domain/settings/settings-table.js';
import { changedSettings, reportedValue, type Snapshot } from '../../domain/settings/snapshot.js';
import type { Change } from '../../domain/settings/waves.js';
import { wallTime, wallTimeIn } from '../../domain/time/wall-time.js';
import type { ChangeLog, NewChange, Origin, Origins, SettingChange } from '../ports/history.js';
import type { InstanceLog, Session, SetReply } from '../ports/ports.js';
import type { InstanceRecord } from '../ports/store.js';
import { ownChanges, type ReadTime } from './own-changes.js';
import { writesUnderWay } from './writes-under-way.js';

/** Keeps the history of one account: what this service tried, and what it saw other devices do. */
export interface History {
  /** A change leaves for WhatsApp over this connection: seeing its value later is no news. Give it every reply. */
  sending(change: Change, session: Session, isOfList: boolean): (reply: SetReply) => void;
  /** Records what became of an update; durable when it fulfils. */
  ended(author: Author, outcomes: readonly Outcome[]): Promise<void>;
  /** The same of an update whose node was lost; what that one had written already stands. */
  followedUp(author: Author, outcomes: readonly Outcome[]): Promise<void>;
  /**
   * Tells whose the changes since the read before are, records those of other devices, and amends what was not known of
   * this service's own.
   */
  observed(before: Snapshot | undefined, after: Snapshot, read: ReadTime): Origins;
  /** Fulfils when nothing of what it was told is still to be written. */
  written(): Promise<void>;
}

/** No call lasts longer, so that its node cannot have written of it before. */
const LONGEST_CALL_MS = 30 * 60_000;
const MOST_WRITTEN = 200;

/** The outcomes of settings that were tried. */
const TRIED: readonly OutcomeState[] = ['APPLIED', 'FAILED', 'UNKNOWN', 'ROLLED_BACK'];

/** The history of one instance, kept in the log. A log that fails is said and stops nothing: the changes are made. */
export function history(
  { name: instance, uid: instanceUid }: Pick<InstanceRecord, 'name' | 'uid'>,
  changes: Pick<ChangeLog, 'append' | 'list' | 'resolve' | 'unresolved'>,
  log: InstanceLog,
): History {
  const own = ownChanges(amend);
  const writes = writesUnderWay();
  const ofSetting = { kind: 'SETTING_CHANGED', instance, instanceUid, tokenId: '' } as const;
  let isRecalled = false;

  const stored = (writing: Promise<void>): Promise<void> =>
    writes.add(
      writing.catch((cause: unknown) => log.taskFailed({ task: 'storing the history', instance, cause })),
    );

  /** Adds what came to light to the entry that was written first. */
  function amend(setting: Setting, entryTime: Date, outcome: OutcomeState) {
    const resolution = { instance, instanceUid, setting, entryTime, outcome, resolveTime: wallTime() };
    void stored(changes.resolve(resolution));
  }

  /** What the process before this one left unknown: its connections have ended, so the first read tells. */
  async function recall(after: Snapshot) {
    for (const { time, change } of await changes.unresolved(instanceUid)) {
      if (!change) continue;
      const { setting, oldValue, newValue } = change;
      const value = reportedValue(after, setting);
      const outcome = value === newValue ? 'APPLIED' : value === oldValue ? 'FAILED' : undefined;
      if (outcome && value !== undefined) amend(setting, time, outcome);
    }
  }

  async function ended({ actor, requestId }: Author, outcomes: readonly Outcome[]): Promise<void> {
    const time = wallTime();
    const tried = outcomes.filter(({ state }) => TRIED.includes(state));
    if (tried.length === 0) return;
    await stored(
      changes.append(
        tried.map(({ setting, previous, requested, state, cause, resends = 0 }) => ({
          ...ofSetting,
          time,
          actor,
          origin: 'THIS_SERVICE',
          requestId,
          change: {
            setting,
            oldValue: previous,
            newValue: requested,
            outcome: state,
            whatsappCode: cause?.whatsappCode,
            resends,
          },
        })),
      ),
    );
    for (const outcome of tried) own.ended(outcome, time);
  }

  /** What the node that is lost had come to write of these. */
  async function writtenOf({ actor, requestId }: Author): Promise<readonly SettingChange[]> {
    const filter = {
      instances: [instance],
      start: wallTimeIn(-LONGEST_CALL_MS),
      origins: ['THIS_SERVICE'],
      kinds: ['SETTING_CHANGED'],
    } as const;
    const { changes: newest } = await changes.list(filter, { after: undefined, limit: MOST_WRITTEN });
    return newest.flatMap(({ change, ...entry }) =>
      change && entry.requestId === requestId && entry.actor?.tokenId === actor?.tokenId ? [change] : [],
    );
  }

  return {
    sending: own.sending,
    ended,
    async followedUp(author, outcomes) {
      const written = await writtenOf(author);
      const isWritten = ({ setting, requested }: Outcome) =>
        written.some(change => change.setting === setting && change.newValue === requested);
      await ended(
        author,
        outcomes.filter(outcome => !isWritten(outcome)),
      );
    },
    observed(before, after, read) {
      if (!isRecalled) {
        isRecalled = true;
        void stored(recall(after));
      }
      const ours = SETTING_NAMES.filter(setting => own.shows(setting, reportedValue(after, setting), read));
      if (!before) return new Map();
      const origins = new Map<Setting, Origin>(
        changedSettings(before, after).map(setting => [
          setting,
          ours.includes(setting) ? 'THIS_SERVICE' : 'OTHER_DEVICE',
        ]),
      );
      const foreign = [...origins.keys()].filter(setting => origins.get(setting) === 'OTHER_DEVICE');
      if (foreign.length > 0)
        void stored(changes.append(foreign.map(setting => seen(setting, before, after))));
      return origins;
    },
    written: writes.ended,
  };

  function seen(setting: Setting, before: Snapshot, after: Snapshot): NewChange {
    return {
      ...ofSetting,
      time: after.observedAt,
      actor: undefined,
      origin: 'OTHER_DEVICE',
      requestId: '',
      change: {
        setting,
        oldValue: reportedValue(before, setting),
        newValue: reportedValue(after, setting) ?? '',
        outcome: 'APPLIED',
        whatsappCode: undefined,
        resends: 0,
      },
    };
  }
}
