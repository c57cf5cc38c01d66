import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ErrorReason } from '../../../../gen/ts/whatsapp/privacy/v1/errors.js';
import type { WatchPrivacySettingsResponse as Message } from '../../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { PrivacySettings } from '../../../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import type { Holder, NodeAddress } from '../../../../src/cluster/ports.js';
import type { CallContext } from '../../../../src/grpc/calls/call-context.js';
import { mergedWatch } from '../../../../src/grpc/methods/fleet/merged-watch.js';
import { GAP_MS } from '../../../../src/grpc/methods/fleet/watched-views.js';
import { encodeWords, type Words, wordsOf } from '../../../../src/grpc/methods/fleet/words.js';

const HEARTBEAT_MS = 60_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const snapshot = (instance: string, version: number): Message => ({
  instance,
  event: { $case: 'snapshot', value: PrivacySettings.fromPartial({ etag: String(version) }) },
});

function said({ instance, event }: Message): string {
  if (event?.$case === 'snapshot') return `${instance} is ${event.value.etag}`;
  if (event?.$case === 'change') return `${instance} becomes ${event.value.settings?.etag}`;
  if (event?.$case === 'unavailable') return `${instance}: ${ErrorReason[event.value.reason]}`;
  return [instance, event?.$case].filter(Boolean).join(' ');
}

/** What a node says, one watch after another. */
function speaker() {
  let words: Message[] = [];
  let wake = () => {};
  let isCut = false;
  const node = {
    /** How often it was asked, and how many of its words were fetched. */
    asked: 0,
    fetched: 0,
    open: 0,
    says(...more: Message[]) {
      words.push(...more);
      wake();
    },
    /** Its stream breaks off. */
    cut() {
      isCut = true;
      words = [];
      wake();
    },
    async *words(signal: AbortSignal): AsyncGenerator<Words, void, undefined> {
      node.asked++;
      node.open++;
      isCut = false;
      const stop = () => wake();
      signal.addEventListener('abort', stop);
      try {
        while (!isCut && !signal.aborted) {
          const word = words.shift();
          if (word) node.fetched++;
          if (word) yield { message: word, epoch: 1 };
          else await new Promise<void>(resolve => (wake = resolve));
        }
      } finally {
        signal.removeEventListener('abort', stop);
        node.open--;
      }
    },
  };
  return node;
}

/** A watch of one node among several, and the words of all of them. */
function watching({ unheld = [] as readonly string[] } = {}) {
  const here = speaker();
  const speakers = new Map([['two', speaker()]]);
  let others: NodeAddress[] = [{ id: 'two', name: 'two', address: '' }];
  let changed = () => {};
  const nobodys = new Set(unheld);
  const left = new AbortController();
  let looks = 0;
  const routing = {
    others: () => others,
    holderOf: (name: string): Holder => (nobodys.has(name) ? { kind: 'nobody' } : { kind: 'here', epoch: 1 }),
    settledHolderOf: () => Promise.reject(new Error('a watch waits for none')),
    onChange(listener: () => void) {
      changed = listener;
      return { [Symbol.dispose]: () => undefined };
    },
  };
  const hops = {
    unary: () => Promise.reject(new Error('not asked')),
    async *stream({ id }: NodeAddress, _: object, { signal }: { signal: AbortSignal }) {
      for await (const words of speakers.get(id)?.words(signal) ?? []) yield encodeWords(words);
      return { kind: 'lost' } as const;
    },
  };
  const events = mergedWatch(
    { routing, hops },
    {
      exists: () => true,
      isWanted: () => true,
      isNamed: false,
      names() {
        looks++;
        return unheld;
      },
      here: signal => here.words(signal),
      bytes: Buffer.of(),
      heartbeatMs: HEARTBEAT_MS,
    },
    {
      context: {} as CallContext,
      options: { deadline: Number.POSITIVE_INFINITY, signal: left.signal },
    },
  );
  const heard: string[] = [];
  return {
    here,
    two: speakers.get('two') as ReturnType<typeof speaker>,
    events,
    heard,
    /** How often all names were looked at. */
    looks: () => looks,
    changes: () => changed(),
    leave: () => left.abort(),
    /** Hears everything from now on. */
    async listen() {
      for await (const event of events) heard.push(said(event));
    },
    joins(id: string) {
      const node = speaker();
      speakers.set(id, node);
      others = [...others, { id, name: id, address: '' }];
      changed();
      return node;
    },
    leaves(id: string) {
      others = others.filter(other => other.id !== id);
      changed();
    },
  };
}

test('the words of a node have the epoch under which it ran the instance', async () => {
  const holders: Holder[] = [{ kind: 'here', epoch: 3 }, { kind: 'nobody' }, { kind: 'here', epoch: 5 }];
  async function* messages() {
    for (const version of [1, 2, 3]) yield snapshot('a', version);
  }
  const epochs: number[] = [];
  for await (const { epoch } of wordsOf(messages(), {
    holderOf: () => holders.shift() ?? { kind: 'nobody' },
  }))
    epochs.push(epoch);
  expect(epochs).toEqual([3, 3, 5]);
});

describe('a watch over several nodes', () => {
  test('tells what each of them says', async () => {
    const { here, two, heard, listen, leave } = watching();
    const ended = listen();
    here.says(snapshot('a', 1));
    two.says(snapshot('b', 1));
    await vi.advanceTimersByTimeAsync(0);
    expect(heard.sort()).toEqual(['a is 1', 'b is 1']);
    leave();
    await ended;
    expect([here.open, two.open]).toEqual([0, 0]);
  });

  test('sends heartbeats of its own, and none of theirs', async () => {
    const { here, two, heard, listen, leave } = watching();
    const ended = listen();
    const heartbeat: Message = { instance: '', event: { $case: 'heartbeat', value: {} } };
    for (const node of [here, two]) node.says(heartbeat);
    await vi.advanceTimersByTimeAsync(HEARTBEAT_MS - 1);
    expect(heard).toEqual([]);
    await vi.advanceTimersByTimeAsync(HEARTBEAT_MS + 1);
    expect(heard).toEqual(['heartbeat', 'heartbeat']);
    leave();
    await ended;
  });

  test('asks a node again whose stream broke off, and tells nothing where nothing is new', async () => {
    const { two, heard, listen, leave } = watching();
    const ended = listen();
    two.says(snapshot('a', 1));
    await vi.advanceTimersByTimeAsync(0);
    two.cut();
    await vi.advanceTimersByTimeAsync(GAP_MS / 2);
    expect(two.asked).toBe(2);
    two.says(snapshot('a', 1));
    await vi.advanceTimersByTimeAsync(GAP_MS * 2);
    expect(heard).toEqual(['a is 1']);
    leave();
    await ended;
  });

  test('says so where a node is lost, and goes on with the one that comes after it', async () => {
    const watch = watching();
    const ended = watch.listen();
    watch.two.says(snapshot('a', 1));
    await vi.advanceTimersByTimeAsync(0);
    watch.leaves('two');
    watch.two.cut();
    await vi.advanceTimersByTimeAsync(GAP_MS);
    expect(watch.heard).toEqual(['a is 1', 'a: INSTANCE_MOVED']);
    expect(watch.two.asked).toBe(1);
    watch.joins('three').says(snapshot('a', 2));
    await vi.advanceTimersByTimeAsync(0);
    expect(watch.heard.slice(2)).toEqual(['a is 2']);
    watch.leave();
    await ended;
  });

  test('says of what nobody runs that it is not there', async () => {
    const { heard, listen, leave } = watching({ unheld: ['a'] });
    const ended = listen();
    await vi.advanceTimersByTimeAsync(GAP_MS * 3);
    expect(heard).toEqual(['a: INSTANCE_MOVED']);
    leave();
    await ended;
  });

  test('looks at all instances now and then only, however often they move', async () => {
    const { changes, looks, listen, leave } = watching();
    const ended = listen();
    for (let move = 0; move < 100; move++) {
      changes();
      await vi.advanceTimersByTimeAsync(10);
    }
    expect(looks()).toBeLessThanOrEqual(2);
    await vi.advanceTimersByTimeAsync(GAP_MS);
    expect(looks()).toBe(2);
    leave();
    await ended;
  });

  test('fetches no more than one word of a node ahead of its reader', async () => {
    const { two, events } = watching();
    two.says(...Array.from({ length: 100 }, (_, index) => snapshot('a', index)));
    await events.next();
    await vi.advanceTimersByTimeAsync(GAP_MS);
    expect(two.fetched).toBe(2);
    await events.return();
    await vi.advanceTimersByTimeAsync(0);
    expect(two.open).toBe(0);
  });

  test('fails when this node cannot tell', async () => {
    const { here, listen, two } = watching();
    here.words = async function* () {
      yield { message: snapshot('a', 1), epoch: 1 };
      throw new Error('no such id');
    };
    await expect(listen()).rejects.toThrow('no such id');
    await vi.advanceTimersByTimeAsync(0);
    expect(two.open).toBe(0);
  });
});
