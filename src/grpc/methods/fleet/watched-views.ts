import { ErrorReason } from '../../../../gen/ts/whatsapp/privacy/v1/errors.js';
import {
  type WatchPrivacySettingsResponse as Message,
  Origin,
} from '../../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { PrivacySettings } from '../../../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { encodeSetting } from '../../../contract/setting-enums.js';
import { SETTING_NAMES, SETTINGS, type Setting } from '../../../domain/settings/settings-table.js';

/** How long a reader is told nothing of an instance that no node speaks of: most moves are over by then. */
export const GAP_MS = 3_000;
/** How often labels are asked again that did not let something be told. */
export const LABELS_MS = 250;

/** What is known here of the instances that somebody watches. */
export type Watchable = {
  /** Whether there is one of this name. */
  readonly exists: (instance: string) => boolean;
  /** Whether it is among those watched, by the labels that it has as far as is known here. */
  readonly isWanted: (instance: string) => boolean;
  /** Whether they are watched by their names: another one that is given a name later is another one. */
  readonly isNamed: boolean;
  /** The epoch under which a node runs it, as far as is known here; undefined while none does. */
  readonly epochOf: (instance: string) => number | undefined;
};

/** What the reader knows of one instance, and who speaks of it. */
type View = {
  readonly instance: string;
  /** The node that spoke of it last; undefined when it does so no more. */
  source: string | undefined;
  /** The epoch of what was heard last. */
  epoch: number;
  /** The etag of the settings that came last from the source. */
  heard: string | undefined;
  /** What the reader was told last. */
  told: PrivacySettings | { readonly reason: ErrorReason; readonly message: string } | undefined;
  /** The newest that must not be told, going by the labels that are known here. */
  held: Message | undefined;
};

/**
 * What a reader is told who watches instances of several nodes, each of which tells of those that it runs. Where an
 * instance moves, the words of the two nodes may come in any order; their epochs tell which are newer.
 *
 * @param now By the clock.
 */
export function watchedViews({ exists, isWanted, isNamed, epochOf }: Watchable, now: () => number) {
  const views = new Map<string, View>();
  /** Of which perhaps no node speaks, and since when or when that was looked at last; the longest first. */
  const silent = new Map<View, number>();
  const held = new Set<View>();
  /** Deleted, while they were watched by name. */
  const over = new Set<string>();
  let heldSince = 0;

  function viewOf(instance: string): View {
    const known = views.get(instance);
    if (known) return known;
    const view: View = {
      instance,
      source: undefined,
      epoch: 0,
      heard: undefined,
      told: undefined,
      held: undefined,
    };
    views.set(instance, view);
    return view;
  }

  function hold(view: View, message: Message | undefined) {
    view.held = message;
    if (message && held.size === 0) heldSince = now();
    if (message) held.add(view);
    else held.delete(view);
  }

  /** No node speaks of it any more; what it said last need not be so. */
  function fallSilent(view: View) {
    view.source = undefined;
    hold(view, undefined);
    silent.delete(view);
    silent.set(view, now());
  }

  function forget(view: View) {
    views.delete(view.instance);
    silent.delete(view);
    hold(view, undefined);
  }

  function tellUnmatched(view: View): Message | undefined {
    const wasToldOf = view.told !== undefined;
    view.told = undefined;
    hold(view, undefined);
    return wasToldOf ? { instance: view.instance, event: { $case: 'unmatched', value: {} } } : undefined;
  }

  function tellUnavailable(view: View, reason: ErrorReason, message: string): Message | undefined {
    const { told, instance } = view;
    if (told && 'reason' in told && told.reason === reason && told.message === message) return undefined;
    view.told = { reason, message };
    return { instance, event: { $case: 'unavailable', value: { reason, message } } };
  }

  function tellDeleted(view: View): Message | undefined {
    const isTold = isNamed || view.told !== undefined;
    if (isNamed) over.add(view.instance);
    forget(view);
    const value = { reason: ErrorReason.INSTANCE_NOT_FOUND, message: 'the instance was deleted' };
    return isTold ? { instance: view.instance, event: { $case: 'unavailable', value } } : undefined;
  }

  /** @param isNext Whether it follows what was told. */
  function tell(view: View, { instance, event }: Message, isNext: boolean): Message | undefined {
    hold(view, undefined);
    if (event?.$case === 'unavailable') return tellUnavailable(view, event.value.reason, event.value.message);
    const settings = event && settingsOf(event);
    if (!settings) return undefined;
    const { told } = view;
    view.told = settings;
    if (!told || 'reason' in told) return { instance, event: { $case: 'snapshot', value: settings } };
    if (told.etag === settings.etag) return undefined;
    if (event.$case === 'change' && isNext) return { instance, event };
    const changed = differing(told, settings).map(encodeSetting);
    return {
      instance,
      event: { $case: 'change', value: { changed, settings, origin: Origin.UNSPECIFIED } },
    };
  }

  return {
    /** What is told of what a node said when it ran the instance under this epoch; undefined for nothing. */
    hear(source: string, message: Message, epoch: number): Message | undefined {
      const { instance, event } = message;
      if (event?.$case === 'heartbeat' || event === undefined || over.has(instance)) return undefined;
      if (event.$case === 'recorded') return message;
      const view = viewOf(instance);
      if (epoch < view.epoch) return undefined;
      if (isMoved(event)) {
        if (view.source === source) fallSilent(view);
        return undefined;
      }
      if (view.source !== source || epoch > view.epoch) {
        view.heard = undefined;
        silent.delete(view);
      }
      view.source = source;
      view.epoch = epoch;
      if (event.$case === 'unmatched') return tellUnmatched(view);
      if (isDeleted(event)) return tellDeleted(view);

      const { told, heard } = view;
      const isNext = told !== undefined && 'etag' in told && told.etag === heard;
      view.heard = settingsOf(event)?.etag;
      if (isWanted(instance)) return tell(view, message, isNext);
      hold(view, message);
      return undefined;
    },

    /** Nothing more comes from a node until it is asked again. */
    ended(source: string): void {
      for (const view of views.values()) if (view.source === source) fallSilent(view);
    },

    /** Looks whether nodes that spoke of these still run them: others may, or none. */
    look(instances: Iterable<string>): void {
      for (const instance of instances) {
        const epoch = epochOf(instance);
        const known = views.get(instance);
        const isHeard = epoch !== undefined && (known?.source === undefined || epoch <= known.epoch);
        if (isHeard || over.has(instance)) continue;
        const view = known ?? viewOf(instance);
        if (!silent.has(view)) silent.set(view, now());
      }
    },

    /** What is told as time has passed, and may be followed by more; undefined for nothing. */
    due(): Message | undefined {
      if (held.size > 0 && now() - heldSince >= LABELS_MS) {
        for (const view of held) {
          const message = view.held && isWanted(view.instance) && tell(view, view.held, false);
          if (message) return message;
        }
        heldSince = now();
      }
      for (const [view, since] of silent) {
        if (now() - since < GAP_MS) return undefined;
        silent.delete(view);
        const epoch = epochOf(view.instance);
        if (view.source !== undefined && epoch !== undefined && epoch <= view.epoch) continue;
        fallSilent(view);
        const message = tellSilence(view);
        if (message) return message;
      }
      return undefined;
    },

    /** By the clock, when that has to be asked next; undefined for never. */
    dueAt(): number | undefined {
      const [since] = silent.values();
      const times = [
        ...(since === undefined ? [] : [since + GAP_MS]),
        ...(held.size > 0 ? [heldSince + LABELS_MS] : []),
      ];
      return times.length > 0 ? Math.min(...times) : undefined;
    },
  };

  /** Whoever would have told what became of it may have been the node that is lost. */
  function tellSilence(view: View): Message | undefined {
    if (!exists(view.instance)) return tellDeleted(view);
    if (!isWanted(view.instance)) return tellUnmatched(view);
    return tellUnavailable(view, ErrorReason.INSTANCE_MOVED, 'another node is about to run the instance');
  }
}

type Event = NonNullable<Message['event']>;

const isUnavailable = (event: Event, reason: ErrorReason) =>
  event.$case === 'unavailable' && event.value.reason === reason;
/** The node runs it no more; another one does, or will. */
const isMoved = (event: Event) => isUnavailable(event, ErrorReason.INSTANCE_MOVED);
const isDeleted = (event: Event) => isUnavailable(event, ErrorReason.INSTANCE_NOT_FOUND);

function settingsOf(event: Event): PrivacySettings | undefined {
  if (event.$case === 'snapshot') return event.value;
  return event.$case === 'change' ? event.value.settings : undefined;
}

/** The settings that have another value; one that cannot be read any more is not known to have one. */
const differing = (before: PrivacySettings, after: PrivacySettings): Setting[] =>
  SETTING_NAMES.filter(setting => {
    const value = wireValue(after, setting);
    return value !== wireValue(before, setting) && (value !== undefined || !isUnreadable(after, setting));
  });

const wireValue = ({ categories }: PrivacySettings, setting: Setting): string | undefined =>
  categories.find(({ category }) => category === SETTINGS[setting].category)?.value;

const isUnreadable = ({ unreadableCategories }: PrivacySettings, setting: Setting): boolean =>
  unreadableCategories.some(({ category }) => category === SETTINGS[setting].category);
