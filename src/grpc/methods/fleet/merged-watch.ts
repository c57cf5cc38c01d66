import type { WatchPrivacySettingsResponse as Message } from '../../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { NodeAddress } from '../../../cluster/ports.js';
import { clock } from '../../../domain/time/clock.js';
import type { Call } from '../../calls/handler.js';
import type { Fleet } from './fleet.js';
import { gathering } from './gathered.js';
import { type Watchable, watchedViews } from './watched-views.js';
import { decodeWords, type Words } from './words.js';

/** How soon a node is asked again whose part has ended. */
const AGAIN_MS = 1_000;
/** Who runs what is looked at no more often: while instances are shared out that changes all the time. */
const LOOK_MS = 1_000;
/** The source of what runs here; no id of a node. */
const HERE = '';

/** A watch over several nodes. */
export type MergedWatch = Omit<Watchable, 'epochOf'> & {
  /** Of the instances there are, those watched. */
  readonly names: () => readonly string[];
  /** What is told of those that run here, entries of the history included. */
  readonly here: (signal: AbortSignal) => AsyncGenerator<Words, void, undefined>;
  /** The request for those that run elsewhere. */
  readonly bytes: Uint8Array;
  readonly heartbeatMs: number;
};

/**
 * What one node would tell that ran all instances. Each other node tells of those that it runs, no faster than it is
 * listened to; only this one sends heartbeats and the history. Ends when the signal aborts.
 */
export async function* mergedWatch(
  { routing, hops }: Pick<Fleet, 'routing' | 'hops'>,
  { names, here, bytes, heartbeatMs, ...watchable }: MergedWatch,
  { context, options: { signal } }: Pick<Call, 'context' | 'options'>,
): AsyncGenerator<Message, void, undefined> {
  let wake = () => {};
  let failure: { readonly error: unknown } | undefined;
  const left = new AbortController();
  const over = AbortSignal.any([signal, left.signal]);
  const epochOf = (instance: string) => {
    const holder = routing.holderOf(instance);
    return holder.kind === 'nobody' ? undefined : holder.epoch;
  };
  const views = watchedViews({ ...watchable, epochOf }, clock);
  const followed = new Set<string>();
  using gathered = gathering<Words>(() => wake());

  function fail(error: unknown) {
    failure ??= { error };
    wake();
  }

  async function* partOf(node: NodeAddress) {
    for await (const words of hops.stream(node, { context, bytes }, { signal: over }))
      yield decodeWords(words);
  }

  async function follow(node: NodeAddress) {
    while (!over.aborted && routing.others().some(({ id }) => id === node.id)) {
      await gathered.read(node.id, partOf(node));
      await pause(AGAIN_MS, over);
    }
    followed.delete(node.id);
  }

  let mustLook = false;
  let nextLook = clock();
  function heed() {
    for (const node of routing.others()) {
      if (followed.has(node.id)) continue;
      followed.add(node.id);
      follow(node).catch(fail);
    }
    mustLook = true;
    wake();
  }

  const stop = () => wake();
  signal.addEventListener('abort', stop);
  using _changes = routing.onChange(heed);
  try {
    gathered.read(HERE, here(over)).catch(fail);
    heed();
    let quietSince = clock();
    while (!signal.aborted) {
      if (failure) throw failure.error;
      if (mustLook && clock() >= nextLook) {
        views.look(names());
        mustLook = false;
        nextLook = clock() + LOOK_MS;
      }
      const came = gathered.take();
      if (came && !came.value) views.ended(came.source);
      const heard = came?.value && views.hear(came.source, came.value.message, came.value.epoch);
      if (heard) yield heard;
      const due = views.due();
      if (due) yield due;
      if (heard || due) quietSince = clock();
      if (came || due) continue;

      const leftMs = quietSince + heartbeatMs - clock();
      if (leftMs <= 0) {
        yield HEARTBEAT;
        quietSince = clock();
        continue;
      }
      const dueAt = Math.min(views.dueAt() ?? Infinity, mustLook ? nextLook : Infinity);
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, Math.max(Math.min(leftMs, dueAt - clock()), 1));
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      wake = () => {};
    }
  } finally {
    signal.removeEventListener('abort', stop);
    left.abort();
  }
}

const HEARTBEAT: Message = { instance: '', event: { $case: 'heartbeat', value: {} } };

/** Ends early when the signal aborts. */
const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
    function end() {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    }
  });
