import { SETTING_NAMES, type Setting } from '../../domain/settings/settings-table.js';
import { isReported, reportedValue, type Snapshot } from '../../domain/settings/snapshot.js';
import { clock } from '../../domain/time/clock.js';
import type { ChangeRecord, Origin, Origins } from '../ports/history.js';
import type { HistoryFeed } from './history-feed.js';
import { isDeleted, isOver, type Unavailable, type Watched } from './watched-state.js';

/** What a reader is told. */
export type WatchEvent =
  | { readonly kind: 'snapshot'; readonly instance: string; readonly settings: Snapshot }
  | {
      readonly kind: 'change';
      readonly instance: string;
      /** The settings that differ from what the reader was told before. */
      readonly changed: readonly Setting[];
      readonly settings: Snapshot;
      /** Undefined when it is not known, or not the same for all of them. */
      readonly origin: Origin | undefined;
    }
  | ({ readonly kind: 'unavailable'; readonly instance: string } & Unavailable)
  /** It is no longer among those watched. */
  | { readonly kind: 'unmatched'; readonly instance: string }
  /** An entry of the history. */
  | { readonly kind: 'recorded'; readonly change: ChangeRecord }
  /** Nothing happened for a while. */
  | { readonly kind: 'heartbeat' };

/** What one reader knows of one instance. */
type View = {
  readonly watched: Watched;
  /** The settings told last; undefined when the next ones must be told in full. */
  told: { readonly snapshot: Snapshot; readonly etag: string } | undefined;
  wasToldOf: boolean;
  /** Who made the changes since then. */
  readonly origins: Map<Setting, Origin>;
};

/**
 * One reader, who takes an event whenever there is time for it; what is kept meanwhile is one view per instance.
 *
 * @param isWanted Asked at the moment of each event, so that nothing is told of an instance that is wanted no longer.
 */
export function watchReader(
  initial: Iterable<Watched>,
  takesNew: boolean,
  isWanted: (watched: Watched) => boolean,
) {
  const views = new Map<Watched, View>();
  /** The views with something to tell, the longest waiting first. */
  const due = new Set<View>();
  let wake = () => {};

  function viewOf(watched: Watched): View {
    const view = { watched, told: undefined, wasToldOf: false, origins: new Map() };
    views.set(watched, view);
    return view;
  }
  for (const watched of initial) if (isWanted(watched)) due.add(viewOf(watched));

  /** Takes note of another state, or of other labels. */
  function notice(watched: Watched, origins?: Origins): void {
    const isNew = !views.has(watched) && !isOver(watched) && isWanted(watched);
    const view = isNew ? viewOf(watched) : views.get(watched);
    if (!view) return;
    for (const [setting, origin] of origins ?? []) view.origins.set(setting, origin);
    if (watched.state.kind === 'unavailable') view.told = undefined;
    due.add(view);
    // Nobody needs to hear of what came and went unseen, and a reader who never reads must not collect it.
    if (takesNew && isDeleted(watched) && !view.wasToldOf) forget(view);
    wake();
  }

  function forget(view: View): void {
    views.delete(view.watched);
    due.delete(view);
  }

  /** Nothing more is told of it here, and not even that: who reads here hears of it from another node. */
  function moved(watched: Watched): void {
    const view = views.get(watched);
    if (view) forget(view);
  }

  /** What there is to tell of a view; undefined when the reader knows it all. */
  function take(view: View): WatchEvent | undefined {
    due.delete(view);
    const { told } = view;
    const { instance, state } = view.watched;
    if (!isWanted(view.watched)) {
      forget(view);
      return view.wasToldOf ? { kind: 'unmatched', instance } : undefined;
    }
    if (state.kind === 'nothing') return undefined;
    view.wasToldOf = true;
    if (isDeleted(view.watched)) forget(view);
    if (state.kind === 'unavailable') return { ...state, instance };

    const { snapshot: settings, etag } = state;
    view.told = { snapshot: settings, etag };
    const changed = told ? differing(told.snapshot, settings) : [];
    const origins = new Set(changed.map(setting => view.origins.get(setting)));
    view.origins.clear();
    if (!told) return { kind: 'snapshot', instance, settings };
    if (told.etag === etag) return undefined;
    const [origin] = origins.size === 1 ? origins : [];
    return { kind: 'change', instance, changed, settings, origin };
  }

  /** What happens, one after another; a heartbeat where nothing did for so long. Ends when the signal aborts. */
  async function* events(
    heartbeatMs: number,
    signal: AbortSignal,
    feed?: HistoryFeed,
  ): AsyncGenerator<WatchEvent> {
    const stop = () => wake();
    signal.addEventListener('abort', stop);
    using _growth = feed?.onGrowth(() => wake());
    try {
      let quietSince = clock();
      while (!signal.aborted) {
        // By turns, so that neither a long history nor a busy account keeps the other waiting.
        const entry = feed && (await feed.next());
        if (entry) yield { kind: 'recorded', change: entry };
        const [view] = due;
        const event = view && take(view);
        if (event) yield event;
        if (entry || event) quietSince = clock();
        if (entry || view || feed?.mayHaveNext()) continue;

        const leftMs = quietSince + heartbeatMs - clock();
        if (leftMs <= 0) {
          yield { kind: 'heartbeat' };
          quietSince = clock();
        } else if (due.size === 0 && !signal.aborted) {
          await new Promise<void>(resolve => {
            const timer = setTimeout(resolve, leftMs);
            wake = () => {
              clearTimeout(timer);
              resolve();
            };
          });
        }
      }
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  return { notice, moved, events };
}

/** The settings that have another value; one that cannot be read any more is not known to have one. */
const differing = (before: Snapshot, after: Snapshot): Setting[] =>
  SETTING_NAMES.filter(setting => {
    const value = reportedValue(after, setting);
    return reportedValue(before, setting) !== value && (value !== undefined || !isReported(after, setting));
  });
